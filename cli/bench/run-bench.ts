import { resolve } from 'node:path';
import { asJson } from '../../agent/runner/as-json.ts';
import type { Json } from '../../domain/json.ts';
import type { Tier } from '../../domain/names.ts';
import { formatDifference, qualityText } from '../../domain/quality-text.ts';
import type { BenchmarkReport, Placement, Quality } from '../../domain/report.ts';
import { median } from '../../domain/statistics.ts';
import { launchBudget } from '../../engine/benchmark/next-launch.ts';
import { streamsFor, throughputResultSchema } from '../../engine/benchmark/run-throughput-launch.ts';
import type { LaunchSummary } from '../../engine/benchmark/summary.ts';
import { launchPlan, TIERS } from '../../engine/benchmark/tiers.ts';
import { findModelFile } from '../../engine/inspect/find-model.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { keyValues, positiveInteger, present } from '../option-parsers.ts';
import { print, table } from '../output.ts';
import { type LocalChildren, openLocalChildren } from './children.ts';
import { measureLaunches } from './measure-launches.ts';
import { compareWithReference, type Measured } from './reference-quality.ts';
import { emulatorOfSession, type SessionChoice, sessionHere } from './session-here.ts';

/** `grove bench`'s options. */
export interface BenchOptions extends OutputOptions {
  readonly ep: string;
  readonly device?: 'cpu' | 'gpu' | 'npu';
  readonly epPackage?: string;
  readonly epOption: readonly string[];
  readonly ort?: string;
  readonly threads?: number;
  readonly tier: Tier;
  readonly launches?: number;
  readonly streams?: number;
  /** A model whose outputs are compared with. */
  readonly reference?: string;
  readonly minCosine?: number;
  readonly dim: readonly string[];
  readonly idsBelow: number;
}

/** What `grove bench` found. */
interface BenchResult extends LaunchSummary {
  readonly model: string;
  readonly ep: string;
  /** Whether an emulator or a software adapter ran it: the latency then says nothing of the device it stands for. */
  readonly emulated: boolean;
  readonly tier: Tier;
  readonly inputShapes: BenchmarkReport['inputShapes'];
  readonly launches: BenchmarkReport['launches'];
  readonly placement: Placement;
  readonly quality: Quality;
}

/** Measures a model in fresh processes and prints what they found. Throws what the processes report. */
export async function runBench(model: string, options: BenchOptions, context: CommandContext): Promise<void> {
  const modelPath = await findModelFile(resolve(model));
  const children = await openLocalChildren(context);
  try {
    print({ ...options, terminal: context.terminal }, await bench(modelPath, options, { context, children }), benchText);
  } finally {
    await children.close();
  }
}

interface Tools {
  readonly context: CommandContext;
  readonly children: LocalChildren;
}

async function bench(modelPath: string, options: BenchOptions, { context, children }: Tools): Promise<BenchResult> {
  const { tier, launches: asked, streams } = options;
  const spec = await sessionHere({ modelPath, ...sessionOptions(options) }, context);
  const emulated = (await emulatorOfSession(spec, context)) !== null;
  const dims = Object.fromEntries(Object.entries(keyValues('--dim', options.dim)).map(([name, size]) => [name, positiveInteger(size)]));
  const inputs = { kind: 'generated', seed: 1, dims, integerBelow: options.idsBelow } as const;
  const tell = (line: string) => context.terminal.error(line);
  const measured = await measureLaunches({ session: spec, inputs, tier, ...present({ launches: asked }) }, { children, tell });
  const { results, placement } = measured;
  const summary = { ...measured.summary, ...(await concurrentOf({ session: asJson(spec), inputs, tier, streams }, children)) };
  return {
    model: modelPath,
    ep: options.ep,
    emulated,
    tier,
    inputShapes: results[0]?.inputShapes ?? {},
    ...summary,
    launches: results.map(({ report }) => report),
    placement,
    quality: await qualityOf({ session: spec, inputs }, options, children),
  };
}

async function qualityOf(measured: Measured, { reference, minCosine }: BenchOptions, children: LocalChildren): Promise<Quality> {
  if (reference === undefined) return { state: 'not-measured', why: 'no --reference was named' };
  return compareWithReference(measured, { path: reference, minCosine }, children);
}

interface ThroughputPlan {
  readonly session: Json;
  readonly inputs: object;
  readonly tier: Tier;
  readonly streams: number | undefined;
}

async function concurrentOf(
  { session, inputs, tier, streams }: ThroughputPlan,
  children: LocalChildren,
): Promise<Pick<LaunchSummary, 'concurrent'>> {
  if (streams === undefined) return {};
  const plan = launchPlan(tier, launchBudget({ tier, launchMediansMs: [], elapsedMs: 0 }));
  const request = asJson({ session, inputs, streams: streamsFor(streams), plan });
  return {
    concurrent: await children.run({ stage: 'throughput', request, result: throughputResultSchema, timeoutMs: TIERS[tier].budgetMs * 4 }),
  };
}

function sessionOptions({ ep, device, epPackage, epOption, ort, threads }: BenchOptions): Omit<SessionChoice, 'modelPath'> {
  return { ep, epOptions: keyValues('--ep-option', epOption), ...present({ device, epPackage, ort, threads }) };
}

function benchText(result: BenchResult): string {
  const { value, low, high } = result.p50Ms;
  const interval =
    low === null || high === null ? 'no interval: too few launches' : `95 % interval ${low.toFixed(3)} to ${high.toFixed(3)} ms`;
  const rows = result.launches.map((launch) => [
    String(launch.index + 1),
    ...[launch.createMs, launch.firstInferenceMs, launch.p50Ms, launch.p90Ms].map((milliseconds) => milliseconds.toFixed(3)),
    String(launch.sampleCount),
  ]);
  const shares = Object.entries(result.placement.byEp).map(
    ([ep, { nodes, timeShare }]) => `${ep} ${(100 * timeShare).toFixed(1)} % of node time, ${nodes} nodes`,
  );
  const [cold, ...warm] = result.launches;
  const peakBytes = Math.max(...result.launches.map(({ rssPeakBytes }) => rssPeakBytes));
  return [
    `p50 ${value.toFixed(3)} ms (${interval}), ${result.throughputPerSecond.toFixed(1)} inferences/s, ${result.verdict}`,
    ...(result.emulated ? [`EMULATED: ${result.ep} runs on no silicon here, its latency says nothing of the device it stands for`] : []),
    ...(result.concurrent === undefined
      ? []
      : [`${result.concurrent.perSecond.toFixed(1)} inferences/s with ${result.concurrent.streams} in flight (throughput, no latency)`]),
    table(['launch', 'create ms', 'first ms', 'p50 ms', 'p90 ms', 'samples'], rows),
    `session creation: cold ${cold?.createMs.toFixed(1)} ms${warm.length === 0 ? '' : `, warm ${median(warm.map(({ createMs }) => createMs)).toFixed(1)} ms`}; peak memory ${(peakBytes / 1e6).toFixed(0)} MB`,
    `placement: ${shares.join('; ')}${result.placement.fellBack ? ` (FELL BACK: ${result.placement.heavyNodesElsewhere} heavy nodes off ${result.ep})` : ''}`,
    ...qualityLines(result.quality),
  ].join('\n');
}

function qualityLines(quality: Quality): string[] {
  if (quality.state === 'not-measured') return quality.why.startsWith('no --reference') ? [] : [`quality: not measured: ${quality.why}`];
  const { min, isDefault } = quality.bound;
  const verdict = quality.passed ? 'good' : 'NOT GOOD';
  return [
    `quality: ${qualityText(quality)}, ${verdict} (bound ${min}${isDefault ? ', default' : ''}); largest difference ${formatDifference(quality.maxAbsDifference)}`,
  ];
}
