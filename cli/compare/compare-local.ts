import { asJson } from '../../agent/runner/as-json.ts';
import { judgeRatio } from '../../domain/compare-cells.ts';
import { driftReasons } from '../../domain/drift.ts';
import type { Tier } from '../../domain/names.ts';
import type { Placement } from '../../domain/report.ts';
import { launchInterval, pairedRatio } from '../../domain/statistics.ts';
import { launchBudget, nextLaunch } from '../../engine/benchmark/next-launch.ts';
import { type LaunchResult, launchResultSchema } from '../../engine/benchmark/run-launch.ts';
import { profilingResultSchema } from '../../engine/benchmark/run-profiling-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { launchPlan, TIERS } from '../../engine/benchmark/tiers.ts';
import type { LocalChildren } from '../bench/children.ts';
import type { Comparison, SideResult } from './comparison.ts';
import type { Side } from './variant.ts';

const PROFILED_RUNS = 6;

/** What is compared, and how much is measured. */
export interface ComparisonRequest {
  readonly sessions: Readonly<Record<Side, SessionSpec>>;
  readonly emulated: Readonly<Record<Side, boolean>>;
  readonly inputs: object;
  readonly tier: Tier;
  /** Pairs of launches; absent: the tier's rule, applied to their ratios. */
  readonly pairs?: number;
  readonly margin: number;
  readonly children: LocalChildren;
  /** Told after each pair. */
  readonly onPair: (line: string) => void;
}

/** A launch of each side, one right after the other. */
type Pair = Readonly<Record<Side, LaunchResult>>;

/**
 * Measures two variants by launches that alternate, a-b then b-a, so that a machine which gets slower hits both alike. Pairs are added as launches of one
 * benchmark are: until the interval of their ratios is narrow enough, or the tier's budget is spent. Throws what a launch reports.
 */
export async function compareHere(request: ComparisonRequest): Promise<Comparison> {
  const { tier, margin } = request;
  const pairs: Pair[] = [];
  const started = performance.now();
  const progress = () => ({
    tier,
    elapsedMs: performance.now() - started,
    launchMediansMs: pairs.map(({ a, b }) => b.report.p50Ms / a.report.p50Ms),
    ...(request.pairs !== undefined && { launches: request.pairs }),
  });
  while (nextLaunch(progress()).action === 'launch') {
    const { remainingMs, launchesLeft } = launchBudget(progress());
    pairs.push(await launchPair(request, { index: pairs.length, plan: launchPlan(tier, { remainingMs, launchesLeft: 2 * launchesLeft }) }));
    request.onPair(pairLine(pairs));
  }
  const [a, b] = [await sideOf(request, pairs, 'a'), await sideOf(request, pairs, 'b')];
  const ratio = pairedRatio(...mediansOf(pairs));
  const incomparable = emulatedSides(request);
  const verdict = incomparable.length > 0 ? 'inconclusive' : judgeRatio(ratio, margin);
  return {
    schemaVersion: 1,
    paired: true,
    tier,
    pairs: pairs.length,
    a,
    b,
    ratio,
    margin,
    verdict,
    incomparable,
    warnings: warningsOf({ a, b }),
  };
}

function mediansOf(pairs: readonly Pair[]): [number[], number[]] {
  return [pairs.map(({ b }) => b.report.p50Ms), pairs.map(({ a }) => a.report.p50Ms)];
}

async function launchPair(request: ComparisonRequest, place: Pick<LaunchPlace, 'index' | 'plan'>): Promise<Pair> {
  if (place.index % 2 === 0) {
    const a = await launch(request, { ...place, side: 'a' });
    return { a, b: await launch(request, { ...place, side: 'b' }) };
  }
  const b = await launch(request, { ...place, side: 'b' });
  return { a: await launch(request, { ...place, side: 'a' }), b };
}

interface LaunchPlace {
  readonly index: number;
  readonly plan: object;
  readonly side: Side;
}

function launch({ sessions, inputs, tier, children }: ComparisonRequest, { index, plan, side }: LaunchPlace): Promise<LaunchResult> {
  const request = asJson({ index, session: sessions[side], inputs, plan, outputFolder: children.folder });
  return children.run({ stage: 'launch', request, result: launchResultSchema, timeoutMs: TIERS[tier].budgetMs * 4 });
}

async function sideOf(request: ComparisonRequest, pairs: readonly Pair[], side: Side): Promise<SideResult> {
  const results = pairs.map((pair) => pair[side]);
  const [first] = results;
  if (first === undefined) throw new RangeError('no pairs');
  const { modelPath } = request.sessions[side];
  const launches = results.map(({ report }) => report);
  const p50Ms = launchInterval(launches.map((report) => report.p50Ms));
  return {
    model: modelPath,
    emulated: request.emulated[side],
    session: first.session,
    runtime: first.runtime,
    p50Ms,
    launches,
    placement: await placementOf(request, side),
  };
}

async function placementOf({ sessions, inputs, tier, children }: ComparisonRequest, side: Side): Promise<Placement> {
  const request = asJson({
    session: sessions[side],
    inputs,
    runs: PROFILED_RUNS,
    outputFolder: await children.makeFolder(`profile-${side}`),
  });
  return (await children.run({ stage: 'profile', request, result: profilingResultSchema, timeoutMs: TIERS[tier].budgetMs * 4 })).placement;
}

/** The latency of an emulator tells nothing of the hardware it stands for. */
function emulatedSides({ sessions, emulated }: Pick<ComparisonRequest, 'sessions' | 'emulated'>): string[] {
  return (['a', 'b'] as const).flatMap((side) =>
    emulated[side] ? [`${side} is emulated: the latency of ${sessions[side].ep} here says nothing of the device it stands for`] : [],
  );
}

function warningsOf(sides: Readonly<Record<Side, SideResult>>): string[] {
  return (['a', 'b'] as const).flatMap((side) => {
    const { placement, launches, session } = sides[side];
    const fellBack = placement.fellBack
      ? [`${placement.heavyNodesElsewhere} of ${placement.heavyNodes} heavy nodes ran off ${String(session['ep'])}`]
      : [];
    return [...fellBack, ...driftReasons({ launches })].map((reason) => `${side}: ${reason}`);
  });
}

function pairLine(pairs: readonly Pair[]): string {
  const { a, b } = pairs.at(-1) ?? {};
  if (a === undefined || b === undefined) return '';
  const { value, low, high } = pairedRatio(...mediansOf(pairs));
  const interval = low === null || high === null ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`;
  return `pair ${pairs.length}: a ${a.report.p50Ms.toFixed(3)} ms, b ${b.report.p50Ms.toFixed(3)} ms; b/a ${value.toFixed(3)}${interval}`;
}
