import { type DraftResult, LineError, numberIn, type ResultFacts } from './result-facts.ts';

/** Labels that `onnxruntime_perf_test` prints, and what stands behind them; versions differ in the wording of the mean. */
const LINE =
  /^\s*(Average inference time cost(?: total)?|Total inference requests|Number of inferences per second|(?:Min|Max|P50|P90|P99) Latency)\s*:\s*(\S+)\s*(\S*)/;
const TO_MS: Readonly<Record<string, number>> = { s: 1_000, ms: 1, us: 0.001 };

/** The standard output of one `onnxruntime_perf_test`. Its median is printed in newer versions only; else the mean counts. Throws LineError. */
export function parsePerfTest(text: string, facts: ResultFacts): DraftResult {
  const found = new Map<string, { readonly value: number; readonly line: number }>();
  for (const [index, words] of text.split(/\r?\n/).entries()) {
    const [, label = '', value = '', unit = ''] = LINE.exec(words) ?? [];
    if (label === '') continue;
    const name = label.replace(' total', '');
    if (found.has(name)) throw new LineError(`"${name}" stands here a second time: one run a file`, index + 1);
    found.set(name, { value: numberIn(value, label, index + 1) * scaleOf(label, unit, index + 1), line: index + 1 });
  }
  const of = (label: string) => found.get(label)?.value;
  const [p50, mean] = [of('P50 Latency'), of('Average inference time cost')];
  const latencyMs = p50 ?? mean;
  if (latencyMs === undefined)
    throw new LineError('it has neither "P50 Latency" nor "Average inference time cost": not the output of onnxruntime_perf_test');
  return {
    line: (found.get('P50 Latency') ?? found.get('Average inference time cost'))?.line ?? 1,
    result: {
      ...facts,
      tool: 'onnxruntime_perf_test',
      ...{ latencyMs, isMean: p50 === undefined, minMs: of('Min Latency') ?? null, maxMs: of('Max Latency') ?? null },
      ...{ p90Ms: of('P90 Latency') ?? null, p99Ms: of('P99 Latency') ?? null },
      samples: of('Total inference requests') ?? null,
      throughputPerSecond: of('Number of inferences per second') ?? null,
    },
  };
}

function scaleOf(label: string, unit: string, line: number): number {
  if (!/Latency|time cost/.test(label)) return 1;
  const scale = TO_MS[unit];
  if (scale === undefined) throw new LineError(`${label} has the unit "${unit}", not s, ms or us`, line);
  return scale;
}
