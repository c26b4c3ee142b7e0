import type { Cell, CellKey } from '../../domain/matrix.ts';
import { groupBy } from './group-by.ts';
import type { KnownDevices } from './known-devices.ts';
import { judgeUnit, type PlacedView, type UnitResult } from './unit-result.ts';

/** A cell with what its column and row need. */
export interface FoldedCell {
  readonly cell: Cell;
  readonly newest: PlacedView;
  readonly deviceClass: string;
}

/** A cell before it is known which changes count. */
export interface CellDraft {
  readonly key: CellKey;
  /** Each unit's latest result, judged by itself; at least one. */
  readonly results: readonly [UnitResult, ...UnitResult[]];
}

export interface FoldContext {
  readonly devices: KnownDevices;
  /** Results that somebody pinned for the cell of this key, by unit. */
  pinnedFor(key: CellKey): ReadonlyMap<string | null, PlacedView>;
}

/**
 * Benchmarks of one slot (see `slotOf`) -> its cells, the current one first. They share a cell per measured condition and shape. A benchmark without a
 * number belongs to the slot's newest measured cell: it replaces that number only when it ended after it; while it is still under way the number stays.
 */
export function foldSlot(slot: readonly PlacedView[], context: FoldContext): readonly CellDraft[] {
  const measured = slot.filter(({ view }) => view.report !== null);
  const unmeasured = slot.filter(({ view }) => view.report === null && view.task.state !== 'cancelled');
  const byKey = [...groupBy(measured, measuredUnder).values()].sort((a, b) => newestAt(b) - newestAt(a));
  const [current, ...older] = byKey;
  if (current === undefined) return draftOf(newestPerUnit(unmeasured), context);
  return [...draftOf(withLaterEndings(current, unmeasured), context), ...older.flatMap((group) => draftOf(group, context))];
}

/** What only a measurement tells of a key. */
export function measuredUnder({ key }: Pick<PlacedView, 'key'>): string {
  return `${key.condition}\n${key.inputShape}`;
}

/** An ending that names no unit (its conversion failed, nobody can run it) is news for the whole cell; one of a unit is that unit's. */
function withLaterEndings(current: readonly PlacedView[], unmeasured: readonly PlacedView[]): readonly PlacedView[] {
  const ended = unmeasured.filter(({ view }) => view.task.endedAt !== null);
  const [latest] = ended.filter(({ unit, view }) => unit === null && view.at > newestAt(current)).sort((a, b) => b.view.at - a.view.at);
  const key = current[0]?.key;
  if (latest !== undefined && key !== undefined) return [{ ...latest, key }];
  return [...current, ...ended.filter(({ view, unit }) => unit !== null && view.at > newestAt(current.filter((one) => one.unit === unit)))];
}

/** The first view's key names the cell. */
function draftOf(views: readonly PlacedView[], context: FoldContext): readonly CellDraft[] {
  const key = views[0]?.key;
  if (key === undefined) return [];
  const pinned = context.pinnedFor(key);
  const [first, ...rest] = [...groupBy(views, ({ unit }) => unit ?? '').values()].flatMap((unit) => judgeLatest(unit, pinned, context));
  return first === undefined ? [] : [{ key, results: [first, ...rest] }];
}

function judgeLatest(
  unit: readonly PlacedView[],
  pinned: ReadonlyMap<string | null, PlacedView>,
  { devices }: FoldContext,
): readonly UnitResult[] {
  const [latest, ...earlier] = [...unit].sort((a, b) => b.view.at - a.view.at);
  if (latest === undefined) return [];
  const previous = earlier.find(({ view }) => view.report !== null);
  const judged = judgeUnit(latest, { previous, pinned: pinned.get(latest.unit) }, devices);
  return judged === undefined ? [] : [judged];
}

/** Of several askings without a number only the newest of each unit counts; one that names no unit counts only when none does. */
function newestPerUnit(unmeasured: readonly PlacedView[]): readonly PlacedView[] {
  const named = unmeasured.filter(({ unit }) => unit !== null);
  const newestNamed = newestAt(named);
  const unnamed = unmeasured.filter(({ unit, view }) => unit === null && view.at >= newestNamed);
  const newestUnnamed = newestAt(unnamed);
  if (unnamed.length > 0) return unnamed.filter(({ view }) => view.at === newestUnnamed).slice(0, 1);
  return named;
}

function newestAt(group: readonly PlacedView[]): number {
  return group.reduce((newest, { view }) => Math.max(newest, view.at), Number.NEGATIVE_INFINITY);
}

/** Column identity of a key. */
export function columnIdOf(key: Pick<CellKey, 'deviceModel' | 'executedEp' | 'condition' | 'tier' | 'emulated'>): string {
  return [key.deviceModel, key.executedEp, key.condition, key.tier, key.emulated ? 'emulated' : ''].join('|');
}
