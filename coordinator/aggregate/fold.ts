import type { Cell, CellKey } from '../../domain/matrix.ts';
import { type CellContext, foldCell } from './cell.ts';
import type { KnownDevices } from './known-devices.ts';
import { judgeUnit, type PlacedView, slotOf, type UnitResult } from './unit-result.ts';

/** A cell with what its column and row need. */
export interface FoldedCell {
  readonly cell: Cell;
  readonly newest: PlacedView;
  readonly deviceClass: string;
}

export interface FoldContext extends CellContext {
  readonly devices: KnownDevices;
}

/**
 * Every benchmark of the farm -> cells. Results of one slot share a cell per measured condition and shape. A benchmark without a number belongs to the
 * slot's newest measured cell: it replaces that number only when it ended after it; while it is still under way the number stays.
 */
export function foldCells(placed: readonly PlacedView[], context: FoldContext): readonly FoldedCell[] {
  const slots = groupBy(placed, ({ key }) => slotOf(key));
  return [...slots.values()].flatMap((slot) => foldSlot(slot, context));
}

function foldSlot(slot: readonly PlacedView[], context: FoldContext): readonly FoldedCell[] {
  const measured = slot.filter(({ view }) => view.report !== null);
  const unmeasured = slot.filter(({ view }) => view.report === null && view.task.state !== 'cancelled');
  const byKey = [...groupBy(measured, ({ key }) => `${key.condition}\n${key.inputShape}`).values()].sort(
    (a, b) => newestAt(b) - newestAt(a),
  );
  const [current, ...older] = byKey;
  if (current === undefined) return cellOf(newestPerUnit(unmeasured), context);
  return [...cellOf(withLaterEndings(current, unmeasured), context), ...older.flatMap((group) => cellOf(group, context))];
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
function cellOf(views: readonly PlacedView[], context: FoldContext): readonly FoldedCell[] {
  const key = views[0]?.key;
  const results = [...groupBy(views, ({ unit }) => unit ?? '').values()].flatMap((unit) => judgeLatest(unit, context));
  const [first, ...rest] = results;
  if (key === undefined || first === undefined) return [];
  const newest = results.reduce((a, b) => (b.view.at > a.view.at ? b : a));
  return [{ cell: foldCell(key, [first, ...rest], context), newest, deviceClass: newest.deviceClass }];
}

function judgeLatest(unit: readonly PlacedView[], { devices }: FoldContext): readonly UnitResult[] {
  const [latest, ...earlier] = [...unit].sort((a, b) => b.view.at - a.view.at);
  const judged =
    latest === undefined
      ? undefined
      : judgeUnit(
          latest,
          earlier.find(({ view }) => view.report !== null),
          devices,
        );
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

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Column identity of a key. */
export function columnIdOf(key: Pick<CellKey, 'deviceModel' | 'executedEp' | 'condition' | 'tier' | 'emulated'>): string {
  return [key.deviceModel, key.executedEp, key.condition, key.tier, key.emulated ? 'emulated' : ''].join('|');
}
