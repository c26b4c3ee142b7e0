import type { Badge } from '../../domain/cell-state.ts';
import type { CellKey, Comparison } from '../../domain/matrix.ts';
import type { Estimate } from '../../domain/report.ts';
import { type BenchmarkView, rowRecipeId } from './benchmark-view.ts';
import { badgesOf, type Judgement, judgeChange, judgeMeasured, judgeUnmeasured } from './cell-state.ts';
import { compareResults } from './compare.ts';
import type { KnownDevices } from './known-devices.ts';

/** One benchmark placed in the matrix: on which device, under which key. */
export interface PlacedView {
  readonly view: BenchmarkView;
  readonly key: CellKey;
  readonly deviceClass: string;
  /** Stable device name; null until an attempt has one and no unit was named. */
  readonly unit: string | null;
  readonly sku: string | null;
}

/** The latest result of one unit, judged. */
export interface UnitResult extends PlacedView, Judgement {
  readonly badges: readonly Badge[];
  readonly ratioToPrevious: Estimate | null;
  /** With the pinned result, else with the previous one. */
  readonly comparison: Comparison | null;
}

export function placeView(view: BenchmarkView, devices: KnownDevices): PlacedView {
  const { spec, task } = view;
  const unit = task.requirement.unit ?? view.attempt?.deviceName ?? null;
  const device = unit === null ? undefined : devices.get(unit);
  const { deviceClass, deviceModel } = task.requirement;
  const key: CellKey = {
    schemaVersion: 1,
    modelId: spec.modelId,
    recipeId: rowRecipeId(spec),
    deviceModel: deviceModel ?? device?.profile.model ?? (unit === null ? `any ${deviceClass}` : unit),
    requestedEp: spec.requestedEp,
    executedEp: view.report?.executedEp ?? spec.executedEp,
    condition: view.condition,
    tier: spec.tier,
    inputShape: view.inputShape,
    synthetic: spec.synthetic,
    emulated: device?.profile.emulated ?? false,
  };
  return { view, key, deviceClass, unit, sku: device?.profile.sku ?? null };
}

/** What a unit's latest result is held against. */
export interface Earlier {
  /** The unit's measured result before, under the same key. */
  readonly previous: PlacedView | undefined;
  /** The result that somebody pinned. */
  readonly pinned: PlacedView | undefined;
}

/** Judges a unit's latest result by itself, and compares it. Undefined when there is nothing to show: the task was cancelled. */
export function judgeUnit(latest: PlacedView, { previous, pinned }: Earlier, devices: KnownDevices): UnitResult | undefined {
  const { view, key, unit } = latest;
  const judgement = view.report === null ? judgeUnmeasured(view) : judgeMeasured(view.report);
  if (judgement === undefined) return undefined;
  const toPrevious = previous === undefined ? null : compareResults(view, previous.view, 'previous');
  const badges = badgesOf({
    report: view.report,
    substituted: view.spec.substitution !== null,
    synthetic: key.synthetic,
    emulated: key.emulated,
    localData: view.spec.localData.length > 0,
    environmentId: unit === null ? null : devices.environmentIdOf(unit),
  });
  return {
    ...latest,
    ...judgement,
    badges,
    ratioToPrevious: toPrevious === null || toPrevious.changed.length > 0 ? null : toPrevious.ratio,
    comparison: pinned === undefined ? toPrevious : compareWithPinned(latest, pinned),
  };
}

/** The pinned result itself is compared with nothing. */
function compareWithPinned({ view }: PlacedView, pinned: PlacedView): Comparison | null {
  return pinned.view.task.taskId === view.task.taskId ? null : compareResults(view, pinned.view, 'baseline');
}

/** The result with what its comparison says of it, once it is known from which p-value on a change counts. */
export function withChange(result: UnitResult, threshold: number): UnitResult {
  const change = result.state === 'ok' && result.comparison !== null ? judgeChange(result.comparison, threshold) : undefined;
  return change === undefined ? result : { ...result, ...change };
}

/** Everything of a key but what only a measurement tells: results of one slot belong to one cell as long as the machine's condition stays. */
export function slotOf({ modelId, recipeId, deviceModel, requestedEp, executedEp, tier, synthetic, emulated }: CellKey): string {
  return [modelId, recipeId, deviceModel, requestedEp, executedEp, tier, synthetic, emulated].join('\n');
}
