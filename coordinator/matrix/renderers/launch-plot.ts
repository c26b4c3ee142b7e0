import type { LaunchReport } from '../../../domain/report.ts';
import { type Html, html } from './html.ts';

const ROW_HEIGHT = 22;
/** Room for "launch 10" in the type of small screens. */
const LEFT = 96;
const WIDTH = 640;
const RIGHT = 20;

/** Each launch as a line from its minimum to its 90th percentile with a dot at the median: whether launches agree is seen at a glance. */
export function launchPlot(launches: readonly LaunchReport[]): Html {
  const low = Math.min(...launches.map(({ minMs }) => minMs));
  const high = Math.max(...launches.map(({ p90Ms }) => p90Ms));
  const x = (valueMs: number) => LEFT + ((valueMs - low) / (high - low || 1)) * (WIDTH - LEFT - RIGHT);
  const height = launches.length * ROW_HEIGHT + 34;
  const rows = launches.map(({ index, minMs, p50Ms, p90Ms }, row) => {
    const y = row * ROW_HEIGHT + 14;
    return html`<text x="0" y="${y + 4}">launch ${index + 1}</text><line x1="${round(x(minMs))}" x2="${round(x(p90Ms))}" y1="${y}" y2="${y}" class="spread"/><circle cx="${round(x(p50Ms))}" cy="${y}" r="4.5" class="median"/>`;
  });
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Median, minimum and 90th percentile of each launch">
${rows}<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${height - 22}" y2="${height - 22}" class="axis"/>
<text x="${LEFT}" y="${height - 6}">${low.toPrecision(3)} ms</text><text x="${WIDTH - RIGHT}" y="${height - 6}" text-anchor="end">${high.toPrecision(3)} ms</text></svg>`;
}

function round(value: number): string {
  return value.toFixed(1);
}
