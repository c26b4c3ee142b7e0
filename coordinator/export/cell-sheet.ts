import PdfDocument from 'pdfkit';
import type { CellView } from '../../api/matrix.ts';
import { cellText } from '../../domain/cell-text.ts';
import { columnText, formatMs, rowText } from '../../domain/matrix-text.ts';
import type { LaunchReport } from '../../domain/report.ts';

const MARGIN = 48;
const WIDTH = 595 - 2 * MARGIN;
/** Of a value beside its name. */
const NAME_WIDTH = 120;
const PLOT_HEIGHT = 70;
/** Longest text of one fact, so that everything stays on one page. */
const MAX_CHARS = 300;

type Sheet = InstanceType<typeof PdfDocument>;

/**
 * One A4 page that says what a cell is and how its number came about: state, figures, launches, conditions, provenance and the command that measures it
 * again. What the standard fonts of PDF lack is written as `?`.
 */
export function cellSheet(view: CellView, nowMs: number): Promise<Uint8Array> {
  const sheet = new PdfDocument({
    size: 'A4',
    margin: MARGIN,
    info: { Title: latin(titleOf(view)), Creator: 'Grove', CreationDate: new Date(nowMs) },
  });
  const chunks: Buffer[] = [];
  const complete = new Promise<Uint8Array>((resolve, reject) => {
    sheet.on('data', (chunk: Buffer) => chunks.push(chunk));
    sheet.on('end', () => resolve(Buffer.concat(chunks)));
    sheet.on('error', reject);
  });
  write(sheet, view, nowMs);
  sheet.end();
  return complete;
}

function titleOf({ row, column }: CellView): string {
  const { name, digest } = rowText(row);
  return `${name} ${digest} on ${columnText(column).device}`;
}

function write(sheet: Sheet, view: CellView, nowMs: number): void {
  const { cell, report } = view;
  sheet
    .font('Helvetica-Bold')
    .fontSize(16)
    .text(latin(titleOf(view)), { height: 40, ellipsis: true });
  sheet.font('Helvetica').fontSize(9).fillColor('#555');
  sheet.text(latin(`${view.row.modelId}; ${columnText(view.column).detail}; as of ${new Date(nowMs).toISOString()}`), {
    height: 24,
    ellipsis: true,
  });
  sheet.fillColor('#000').moveDown();
  section(sheet, 'Result', resultFacts(view, nowMs));
  if (report !== null) {
    plotLaunches(sheet, report.launches);
    section(sheet, 'Conditions', conditionFacts(view));
  }
  section(sheet, 'Where it comes from', provenanceFacts(view));
  if (cell.reproduce !== '') section(sheet, 'Measure it again', [['Command', cell.reproduce]]);
}

type Fact = readonly [string, string];

function resultFacts({ cell }: CellView, nowMs: number): readonly Fact[] {
  const { state, latency, ratio, placement, quality, ranking, goals, sampling, badges, reason } = cellText(cell, nowMs);
  return [
    ['State', [state.label, state.meaning].join(': ')],
    ['Why', reason],
    ['Badges', badges.join(', ')],
    ['Median latency', latency],
    ['Ratio', ratio],
    ['Node time', placement.replace(/ t$/, '')],
    ['Quality', quality],
    ['Ranking', ranking],
    ['Goals', goals],
    ['Launches x samples', sampling],
  ];
}

function conditionFacts({ cell, report }: CellView): readonly Fact[] {
  if (report === null) return [];
  const { runtime, placement } = report;
  return [
    ['Power', cell.key.condition],
    ['Input', cell.key.inputShape],
    ['Runtime', `ONNX Runtime ${runtime.ortVersion} (${runtime.ortLibraryDigest.slice(0, 12)}), ${runtime.adapter}, Node ${runtime.node}`],
    ['Heavy nodes', `${placement.heavyNodes}, of which ${placement.heavyNodesElsewhere} ran elsewhere`],
  ];
}

function provenanceFacts({ cell, row }: CellView): readonly Fact[] {
  const { jobId, taskId, deviceName, recipeDigest, conversionKey, environmentId, measuredAt } = cell.provenance;
  return [
    ['Measured', measuredAt === null ? 'not measured' : new Date(measuredAt).toISOString()],
    ['Device', deviceName ?? ''],
    ['Recipe', `${row.recipeId} ${recipeDigest}`],
    ['Conversion', conversionKey ?? ''],
    ['Environment', environmentId ?? ''],
    ['Job, task', `${jobId}, ${taskId}`],
    ['Cell', cell.id],
  ];
}

function section(sheet: Sheet, title: string, facts: readonly Fact[]): void {
  sheet.font('Helvetica-Bold').fontSize(11).text(title, MARGIN).moveDown(0.3);
  sheet.fontSize(8.5);
  for (const [name, value] of facts.filter(([, text]) => text !== '')) {
    const y = sheet.y;
    sheet.font('Helvetica').fillColor('#555').text(name, MARGIN, y, { width: NAME_WIDTH });
    sheet.fillColor('#000').text(latin(value).slice(0, MAX_CHARS), MARGIN + NAME_WIDTH, y, { width: WIDTH - NAME_WIDTH });
  }
  sheet.moveDown();
}

/** Each launch as a line from its least to its 90th percentile with its median as a dot. */
function plotLaunches(sheet: Sheet, launches: readonly LaunchReport[]): void {
  const low = Math.min(...launches.map(({ minMs }) => minMs));
  const high = Math.max(...launches.map(({ p90Ms, p50Ms }) => Math.max(p90Ms, p50Ms)));
  const [top, left] = [sheet.y + 14, MARGIN + NAME_WIDTH];
  const x = (valueMs: number): number => left + (high === low ? 0.5 : (valueMs - low) / (high - low)) * (WIDTH - NAME_WIDTH - 10);
  sheet.font('Helvetica').fontSize(8.5).fillColor('#555').text('Launches', MARGIN, top, { width: NAME_WIDTH });
  sheet.text(`least to 90th percentile, dot: median; ${formatMs(low)} to ${formatMs(high)}`, left, sheet.y - 24, {
    width: WIDTH - NAME_WIDTH,
  });
  const step = PLOT_HEIGHT / Math.max(1, launches.length);
  for (const [index, { minMs, p90Ms, p50Ms }] of launches.entries()) {
    const y = top + 4 + index * step;
    sheet.moveTo(x(minMs), y).lineTo(x(p90Ms), y).lineWidth(1).strokeColor('#999').stroke();
    sheet.circle(x(p50Ms), y, 2).fill('#000');
  }
  sheet.y = top + PLOT_HEIGHT + 10;
}

/** What the encoding of PDF's standard fonts can hold, on one line. */
function latin(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[^\u0020-\u007e\u00a0-\u00ff\u2013\u2014\u2022\u20ac]/g, '?');
}
