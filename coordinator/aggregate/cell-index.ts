import type { CellCuration } from '../../domain/curation.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type CellKey, cellId } from '../../domain/matrix.ts';
import { falseDiscoveryThreshold } from '../../domain/multiple-comparisons.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { createIntern } from './cell-history.ts';
import { CellSlot } from './cell-slot.ts';
import type { FoldedCell } from './fold.ts';
import type { KnownDevices } from './known-devices.ts';
import { type PlacedView, slotOf } from './unit-result.ts';

/** Of all changes that the matrix calls regressed or improved, at most this share is expected to be false. */
const SIGNIFICANCE_LEVEL = 0.05;

/** What cells depend on beside their benchmarks. */
export interface CellContext {
  readonly devices: KnownDevices;
  readonly curations: ReadonlyMap<string, CellCuration>;
  /** Results named by a baseline, by task. */
  readonly pinned: ReadonlyMap<string, PlacedView>;
}

export interface IndexedCells {
  readonly cells: readonly FoldedCell[];
  readonly significance: { readonly tested: number; readonly level: number; readonly threshold: number };
}

/** Every benchmark of the farm by slot. A change costs its slot, and a look at the p-values of the others. */
export class CellIndex {
  readonly #sha256: Sha256;
  readonly #slots = new Map<string, CellSlot>();
  /** Where tasks that have not ended are: the device that takes one may move it. */
  readonly #open = new Map<string, string>();
  readonly #slotOfCell = new Map<string, string>();
  readonly #slotsOfUnit = new Map<string, Set<string>>();
  readonly #ids = new WeakMap<CellKey, string>();
  readonly #intern = createIntern();

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** Stable names of devices that have a benchmark here. */
  get units(): Iterable<string> {
    return this.#slotsOfUnit.keys();
  }

  put(placed: PlacedView): void {
    const { taskId, endedAt } = placed.view.task;
    const name = this.#intern(slotOf(placed.key));
    const before = this.#open.get(taskId);
    if (before !== undefined && before !== name) this.#slots.get(before)?.remove(taskId);
    if (endedAt === null) this.#open.set(taskId, name);
    else this.#open.delete(taskId);
    const slot = this.#slots.get(name) ?? new CellSlot();
    this.#slots.set(name, slot);
    slot.put(placed, this.#intern);
    if (placed.unit === null) return;
    const ofUnit = this.#slotsOfUnit.get(placed.unit) ?? new Set();
    this.#slotsOfUnit.set(placed.unit, ofUnit.add(name));
  }

  /** A device's environment is another. */
  unitChanged(unit: string): void {
    for (const name of this.#slotsOfUnit.get(unit) ?? []) this.#slots.get(name)?.invalidate();
  }

  /** People have said something else about a cell. */
  curationChanged(id: string): void {
    this.#slots.get(this.#slotOfCell.get(id) ?? '')?.invalidate();
  }

  cells(context: CellContext): IndexedCells {
    const folding = { devices: context.devices, pinnedFor: (key: CellKey) => this.#pinnedFor(key, context) };
    const pValues = [...this.#slots.values()].flatMap((slot) => slot.pValues(folding));
    const threshold = falseDiscoveryThreshold(pValues, SIGNIFICANCE_LEVEL);
    const slotContext = { ...folding, threshold, curations: context.curations, idOf: (key: CellKey) => this.#idOf(key) };
    const cells: FoldedCell[] = [];
    for (const [name, slot] of this.#slots) {
      for (const folded of slot.cells(slotContext)) {
        this.#slotOfCell.set(folded.cell.id, name);
        cells.push(folded);
      }
    }
    return { cells, significance: { tested: pValues.length, level: SIGNIFICANCE_LEVEL, threshold } };
  }

  /** Results of a cell, newest first; undefined when there is no such cell. */
  history(id: string): readonly PastResult[] | undefined {
    return this.#slots.get(this.#slotOfCell.get(id) ?? '')?.history(id);
  }

  #pinnedFor(key: CellKey, { curations, pinned }: CellContext): ReadonlyMap<string | null, PlacedView> {
    const taskIds = curations.size === 0 ? undefined : curations.get(this.#idOf(key))?.baseline?.taskIds;
    const views = (taskIds ?? []).flatMap((taskId) => pinned.get(taskId) ?? []);
    return new Map(views.map((view) => [view.unit, view]));
  }

  #idOf(key: CellKey): string {
    const known = this.#ids.get(key) ?? cellId(key, this.#sha256);
    this.#ids.set(key, known);
    return known;
  }
}
