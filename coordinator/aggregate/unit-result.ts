import type { Badge } from '../../domain/cell-state.ts';
import type { CellKey } from '../../domain/matrix.ts';
import type { Estimate } from '../../domain/report.ts';
import { type CellLaunches, latencyRatio } from '../../domain/statistics.ts';
import { type BenchmarkView, rowRecipeId } from './benchmark-view.ts';
import { badgesOf, type Judgement, judgeMeasured, judgeUnmeasured } from './cell-state.ts';
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

/**
 * Judges a unit's latest result against the one before. Undefined when there is nothing to show: the task was cancelled.
 *
 * @param previous the unit's earlier measured result under the same key.
 */
export function judgeUnit(latest: PlacedView, previous: PlacedView | undefined, devices: KnownDevices): UnitResult | undefined {
  const { view, key, unit } = latest;
  const ratioToPrevious = previous === undefined ? null : ratioOf(view, previous.view);
  const judgement = view.report === null ? judgeUnmeasured(view) : judgeMeasured(view.report, ratioToPrevious);
  if (judgement === undefined) return undefined;
  const badges = badgesOf({
    report: view.report,
    substituted: view.spec.substitution !== null,
    synthetic: key.synthetic,
    emulated: key.emulated,
    localData: view.spec.localData.length > 0,
    environmentId: unit === null ? null : devices.environmentIdOf(unit),
  });
  return { ...latest, ...judgement, badges, ratioToPrevious };
}

/** Null unless both were measured on the same bytes in the same environment: anything else is shown, not compared. */
function ratioOf(latest: BenchmarkView, previous: BenchmarkView): Estimate | null {
  if (latest.report === null || previous.report === null || !isComparable(latest, previous)) return null;
  return latencyRatio(launchesOf(latest.report), launchesOf(previous.report));
}

function isComparable(a: BenchmarkView, b: BenchmarkView): boolean {
  return (
    a.spec.recipe.digest === b.spec.recipe.digest &&
    a.spec.conversionKey === b.spec.conversionKey &&
    a.report?.environmentId === b.report?.environmentId &&
    a.report?.runtime.ortLibraryDigest === b.report?.runtime.ortLibraryDigest &&
    a.report?.runtime.adapter === b.report?.runtime.adapter
  );
}

function launchesOf({ launches, control }: NonNullable<BenchmarkView['report']>): CellLaunches {
  return { launchMedians: launches.map(({ p50Ms }) => p50Ms), ...(control != null && { pool: control.pool }) };
}

/** Everything of a key but what only a measurement tells: results of one slot belong to one cell as long as the machine's condition stays. */
export function slotOf({ modelId, recipeId, deviceModel, requestedEp, executedEp, tier, synthetic, emulated }: CellKey): string {
  return [modelId, recipeId, deviceModel, requestedEp, executedEp, tier, synthetic, emulated].join('\n');
}
