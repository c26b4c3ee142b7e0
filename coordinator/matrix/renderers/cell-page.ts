import type { CellView } from '../../../api/matrix.ts';
import { cellText } from '../../../domain/cell-text.ts';
import type { DeviceState } from '../../../domain/device.ts';
import { deviceStateText } from '../../../domain/device-state-text.ts';
import { driftReasons } from '../../../domain/drift.ts';
import type { Blob } from '../../../domain/manifest.ts';
import { columnText, formatInterval, formatMs, formatShare, rowText, shortEp } from '../../../domain/matrix-text.ts';
import type { BenchmarkReport, ControlReport, LaunchReport } from '../../../domain/report.ts';
import { curationSection } from './curation-section.ts';
import { evaluatorSection } from './evaluator-section.ts';
import { facts } from './facts.ts';
import { comparisonSection, historySection, sinceLastGood } from './history-section.ts';
import { type Html, type HtmlValue, html } from './html.ts';
import { launchPlot } from './launch-plot.ts';
import { lintSection } from './lint-section.ts';
import { badgeChips, recipeLink, stateChip } from './matrix-page.ts';
import { renderPage, timeElement } from './page.ts';
import { qualitySection } from './quality-section.ts';

/** One cell with everything behind its number: launches, raw samples, placement, quality, provenance and the command that measures it again. */
export function renderCellPage(view: CellView, nowMs: number): string {
  const { cell, row, column, report } = view;
  const text = cellText(cell, nowMs);
  const { name, digest } = rowText(row);
  const content = html`<p class="crumbs"><a href="/">Matrix</a> / ${row.modelId}</p>
<div class="heading"><h1>${name} <code>${digest}</code> on ${columnText(column).device}</h1><p>${stateChip(cell.state)} ${badgeChips(cell)}</p></div>
${cell.reason !== '' && html`<p class="reason">${cell.reason}${cell.code !== null && html` <code>${cell.code}</code>`}</p>`}
<div class="tiles">${tile('Median latency', text.latency)}${tile('Ratio', text.ratio)}${tile('Throughput, one in flight', throughput(view))}${tile('Throughput, several in flight', concurrent(view))}
${tile('Node time', text.placement.replace(/ t$/, ''))}${tile('Quality', text.quality)}${tile('Ranking', text.ranking)}${tile('Goals', text.goals.replace(/^goals? /, ''))}${tile('Launches x samples', text.sampling)}${tile('Age', text.age)}</div>
${sinceLastGood(view)}${comparisonSection(view)}${curationSection(cell.curation)}
${report !== null && [launchSection(report), speedSection(report), placementSection(report), qualitySection(report.quality), evaluatorSection(report), sessionSection(report), machineSection(report)]}
${historySection(view)}
${lintSection(view.lint)}
${provenanceSection(view)}
${cell.reproduce !== '' && html`<section><h2>Reproduce</h2><pre>${cell.reproduce}</pre></section>`}`;
  return renderPage({ title: `${name} on ${column.deviceModel}`, content });
}

function throughput({ cell }: CellView): string {
  return cell.throughputPerSecond === null ? '' : `${cell.throughputPerSecond.toPrecision(3)} inferences/s`;
}

function concurrent({ report }: CellView): string {
  return report?.concurrent === undefined
    ? ''
    : `${report.concurrent.perSecond.toPrecision(3)} inferences/s with ${report.concurrent.streams}`;
}

function tile(label: string, value: string): Html {
  return html`${value !== '' && html`<div class="tile"><span class="detail">${label}</span><span class="figure">${value}</span></div>`}`;
}

function launchSection({ launches, artifacts }: BenchmarkReport): Html {
  const heads = ['Launch', 'p50', 'mean', 'min', 'p90', 'p99', 'max', 'samples', 'warm-up', 'session', 'first run', 'peak memory', 'raw'];
  return html`<section><h2>Launches</h2>${launchPlot(launches)}
<div class="scroll" tabindex="0" role="region" aria-label="Launches"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${launches.map((launch) => launchRow(launch, artifacts[launch.samplesPath]))}</tbody></table></div>
<p class="muted">Each launch is a fresh process. Raw samples are little-endian float64 milliseconds, one a run, in order. p99 needs 662 samples.</p></section>`;
}

function launchRow(launch: LaunchReport, samples: Blob | undefined): Html {
  const { index, p50Ms, meanMs, minMs, p90Ms, p99Ms, maxMs, sampleCount, warmup, createMs, firstInferenceMs, rssPeakBytes } = launch;
  const values: readonly HtmlValue[] = [
    index + 1,
    html`<strong>${formatMs(p50Ms)}</strong>`,
    formatMs(meanMs),
    formatMs(minMs),
    formatMs(p90Ms),
    p99Ms === null ? '-' : formatMs(p99Ms),
    formatMs(maxMs),
    sampleCount,
    `${warmup.runs} runs${warmup.stable ? '' : ', not stable'}`,
    formatMs(createMs),
    formatMs(firstInferenceMs),
    `${Math.round(rssPeakBytes / 1_048_576)} MiB`,
    samples === undefined ? '-' : html`<a href="/api/v1/artifacts/${samples.sha256}">samples</a>`,
  ];
  return html`<tr>${values.map((value) => html`<td>${value}</td>`)}</tr>`;
}

/** How fast the machine itself was: probe and control recipe. */
function speedSection(report: BenchmarkReport): Html | false {
  const { launches, control } = report;
  const probes = launches.flatMap(({ noise }) => (noise === undefined ? [] : [noise.beforeMs, noise.afterMs]));
  if (probes.length === 0 && control == null) return false;
  const reasons = driftReasons(report);
  return html`<section><h2>Speed of the machine</h2>
${reasons.length > 0 && html`<ul>${reasons.map((reason) => html`<li><strong>drift</strong>: ${reason}</li>`)}</ul>`}
${facts([
  ['Noise probe', probes.length === 0 ? '' : `${formatMs(Math.min(...probes))} to ${formatMs(Math.max(...probes))} around the launches`],
  ['Control recipe', control == null ? '' : controlText(control)],
])}</section>`;
}

function controlText({ p50Ms, runs, drift }: ControlReport): string {
  const since = drift === null ? '' : `, ${drift.value.toFixed(3)}x the first of ${runs} runs`;
  return `${formatMs(p50Ms.value)} ${formatInterval(p50Ms)}${since}`;
}

function placementSection({ placement }: BenchmarkReport): Html {
  const { byEp, heavyNodes, heavyNodesElsewhere, elsewhere } = placement;
  const rows = Object.entries(byEp).map(
    ([ep, { nodes, timeShare }]) =>
      html`<tr><th scope="row">${shortEp(ep)}</th><td>${nodes}</td><td>${formatShare(timeShare)}</td><td>${shareBar(timeShare)}</td></tr>`,
  );
  return html`<section><h2>Placement</h2><div class="scroll" tabindex="0" role="region" aria-label="Placement"><table class="plain"><thead><tr><th scope="col">Execution provider</th><th scope="col">nodes</th><th scope="col">time</th><th scope="col"><span class="hidden">share</span></th></tr></thead><tbody>${rows}</tbody></table></div>
<p class="muted">${heavyNodes} heavy nodes (MatMul, Gemm, Conv, Attention class); ${heavyNodesElsewhere} of them ran elsewhere.</p>
${elsewhere.length > 0 && html`<details><summary>Nodes that ran elsewhere</summary><ul>${elsewhere.map((line) => html`<li><code>${line}</code></li>`)}</ul></details>`}</section>`;
}

function shareBar(share: number): Html {
  return html`<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="8" class="rest"/><rect width="${(share * 100).toFixed(1)}" height="8" class="part"/></svg>`;
}

function sessionSection({ session, inputShapes, runtime, condition }: BenchmarkReport): Html {
  const shapes = Object.entries(inputShapes).map(([input, shape]) => `${input}[${shape.join(',')}]`);
  return html`<section><h2>Session</h2>${facts([
    ['Inputs', shapes.join(' ')],
    ['Runtime', `${runtime.adapter}, ONNX Runtime ${runtime.ortVersion}, Node ${runtime.node}`],
    ['Condition', `${condition.powerSource} power, ${condition.powerMode}`],
    ...Object.entries(session).map(([key, value]) => [key, String(value)] as const),
  ])}</section>`;
}

/** The device before, during and after; of the states in between the hottest. */
function machineSection({ deviceStates }: BenchmarkReport): Html | false {
  if (deviceStates === undefined) return false;
  const { before, during, after, warnings } = deviceStates;
  return html`<section><h2>Machine while it was measured</h2>
${warnings.length > 0 && html`<ul>${warnings.map(({ gate, why }) => html`<li><strong>${gate}</strong>: ${why}</li>`)}</ul>`}
${facts([
  ['Before', deviceStateText(before)],
  ['During', during.length === 0 ? '' : `${deviceStateText(hottestOf(during))} (hottest of ${during.length} looks)`],
  ['After', deviceStateText(after)],
])}</section>`;
}

function hottestOf(states: readonly DeviceState[]): DeviceState {
  return states.reduce((hottest, state) => ((state.temperatureC ?? 0) > (hottest.temperatureC ?? 0) ? state : hottest));
}

function provenanceSection({ cell, row }: CellView): Html {
  const { jobId, taskId, attempt, agentId, deviceName, sku, conversionKey, environmentId, ortVersion, measuredAt } = cell.provenance;
  return html`<section><h2>Provenance</h2>${facts([
    ['Measured', measuredAt === null ? '' : timeElement(measuredAt)],
    ['Device', [deviceName, sku].filter(Boolean).join(', ')],
    ['Agent', agentId ?? ''],
    ['Job', jobId !== '' && html`<a href="/jobs/${jobId}"><code>${jobId}</code></a>`],
    [
      'Task',
      taskId !== '' &&
        html`<a href="/api/v1/tasks/${taskId}"><code>${taskId}</code></a>${attempt !== null && html`, attempt ${attempt} (<a href="/api/v1/tasks/${taskId}/logs?attempt=${attempt}">log</a>)`}`,
    ],
    ['Recipe', html`${recipeLink(row, row.recipeId)} <code>${cell.provenance.recipeDigest.slice(0, 12)}</code>`],
    ['Conversion', conversionKey === null ? '' : html`<code>${conversionKey.slice(0, 12)}</code>`],
    ['Environment', environmentId === null ? '' : html`<code>${environmentId.slice(0, 12)}</code>`],
    ['ONNX Runtime', ortVersion ?? ''],
    ['Requested, executed', `${shortEp(cell.key.requestedEp)}, ${shortEp(cell.key.executedEp)}`],
  ])}</section>`;
}
