import type { CellCuration } from '../../domain/curation.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type CellKey, cellId } from '../../domain/matrix.ts';
import { falseDiscoveryThreshold } from '../../domain/multiple-comparisons.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { createIntern } from './cell-history.ts';
import { CellSlot } from './cell-slot.ts';
import type { KnownDevices } from './known-devices.ts';
import { type DescribeRow, type Grid, Layout } from './layout.ts';
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
  readonly grid: Grid;
  readonly significance: { readonly tested: number; readonly level: number; readonly threshold: number };
}

/** A slot with what is kept of it between looks. */
interface IndexedSlot {
  readonly name: string;
  readonly order: number;
  readonly slot: CellSlot;
  /** Of its units' comparisons. */
  pValues: readonly number[];
}

/** Every benchmark of the farm by slot, laid out. A change costs its slot, its row and its device, and a look at the p-values of all. */
export class CellIndex {
  readonly #sha256: Sha256;
  readonly #layout: Layout;
  readonly #slots = new Map<string, IndexedSlot>();
  /** Slots that may have other cells than when they were looked at last. */
  readonly #changed = new Set<IndexedSlot>();
  /** Where tasks that have not ended are: the device that takes one may move it. */
  readonly #open = new Map<string, string>();
  readonly #slotOfCell = new Map<string, string>();
  readonly #slotsOfUnit = new Map<string, Set<string>>();
  readonly #ids = new WeakMap<CellKey, string>();
  readonly #intern = createIntern();
  #threshold = 0;

  constructor(sha256: Sha256, describeRow: DescribeRow) {
    this.#sha256 = sha256;
    this.#layout = new Layout(describeRow);
  }

  /** Stable names of devices that have a benchmark here. */
  get units(): Iterable<string> {
    return this.#slotsOfUnit.keys();
  }

  put(placed: PlacedView): void {
    const { taskId, endedAt } = placed.view.task;
    const name = this.#intern(slotOf(placed.key));
    const before = this.#open.get(taskId);
    if (before !== undefined && before !== name) this.#change(before, (slot) => slot.remove(taskId));
    if (endedAt === null) this.#open.set(taskId, name);
    else this.#open.delete(taskId);
    this.#addSlot(name);
    this.#change(name, (slot) => slot.put(placed, this.#intern));
    if (placed.unit === null) return;
    const ofUnit = this.#slotsOfUnit.get(placed.unit) ?? new Set();
    this.#slotsOfUnit.set(placed.unit, ofUnit.add(name));
  }

  /** A device's environment is another. */
  unitChanged(unit: string): void {
    for (const name of this.#slotsOfUnit.get(unit) ?? []) this.#change(name, (slot) => slot.invalidate());
  }

  /** People have said something else about a cell. */
  curationChanged(id: string): void {
    this.#change(this.#slotOfCell.get(id) ?? '', (slot) => slot.invalidate());
  }

  cells(context: CellContext): IndexedCells {
    const folding = { devices: context.devices, pinnedFor: (key: CellKey) => this.#pinnedFor(key, context) };
    for (const indexed of this.#changed) indexed.pValues = indexed.slot.pValues(folding);
    const pValues = [...this.#slots.values()].flatMap((slot) => slot.pValues);
    const threshold = falseDiscoveryThreshold(pValues, SIGNIFICANCE_LEVEL);
    this.#noteThreshold(threshold);
    const slotContext = { ...folding, threshold, curations: context.curations, idOf: (key: CellKey) => this.#idOf(key) };
    for (const { slot, name, order } of this.#changed) {
      const cells = slot.cells(slotContext);
      for (const { cell } of cells) this.#slotOfCell.set(cell.id, name);
      this.#layout.put(order, cells);
    }
    this.#changed.clear();
    return { grid: this.#layout.grid(), significance: { tested: pValues.length, level: SIGNIFICANCE_LEVEL, threshold } };
  }

  /** Results of a cell, newest first; undefined when there is no such cell. */
  history(id: string): readonly PastResult[] | undefined {
    return this.#slots.get(this.#slotOfCell.get(id) ?? '')?.slot.history(id);
  }

  #addSlot(name: string): void {
    if (!this.#slots.has(name)) this.#slots.set(name, { name, order: this.#slots.size, slot: new CellSlot(), pValues: [] });
  }

  #change(name: string, act: (slot: CellSlot) => void): void {
    const indexed = this.#slots.get(name);
    if (indexed === undefined) return;
    act(indexed.slot);
    this.#changed.add(indexed);
  }

  /** Changes between the p-value from which on one counted and the one from which on it does now are judged anew. */
  #noteThreshold(threshold: number): void {
    const [low, high] = [Math.min(threshold, this.#threshold), Math.max(threshold, this.#threshold)];
    this.#threshold = threshold;
    if (low === high) return;
    for (const indexed of this.#slots.values()) if (indexed.pValues.some((p) => p > low && p <= high)) this.#changed.add(indexed);
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
