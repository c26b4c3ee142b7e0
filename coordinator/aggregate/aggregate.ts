import type { CellCuration } from '../../domain/curation.ts';
import type { ImportedResult } from '../../domain/imported-result.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { ImportStore } from '../imports/import-store.ts';
import type { StoreEvent, TaskRecord, TaskStore } from '../store/task-store.ts';
import { viewBenchmark } from './benchmark-view.ts';
import { CellIndex } from './cell-index.ts';
import { createRowDescriber } from './describe-row.ts';
import { ImportedBeside } from './imported-cells.ts';
import { KnownDevices } from './known-devices.ts';
import type { DescribeRow, Grid } from './layout.ts';
import { type PlacedView, placeView } from './unit-result.ts';

/** Tasks read together. */
const PAGE = 5_000;

export interface AggregateDeps {
  readonly store: Pick<TaskStore, 'benchmarks' | 'agents' | 'task' | 'curations' | 'subscribe'>;
  /** Results of other tools. */
  readonly imports: Pick<ImportStore, 'results'>;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/** What has been measured, folded into cells: the latest of each unit, what it is compared with, and everything before. */
export interface CellHistories {
  /** The matrix of every benchmark up to now. */
  matrix(): Promise<Matrix>;
  /** Ended benchmarks of a cell, newest first; undefined when there is no such cell. */
  history(cellId: string): Promise<readonly PastResult[] | undefined>;
}

/**
 * Folds every benchmark of a store once, and from then on what its events name: asking again costs what has changed. Whatever a store is kept in, this
 * is where history is asked for.
 */
export function createAggregate(deps: AggregateDeps): CellHistories {
  return new Aggregate(deps);
}

type Folded = Grid & Pick<Matrix, 'significance'>;

class Aggregate implements CellHistories {
  readonly #deps: AggregateDeps;
  readonly #describeRow: DescribeRow;
  /** Tasks that events have named since they were read last. */
  readonly #changed = new Set<string>();
  #lastEvent: number | undefined;
  #index: CellIndex | undefined;
  /** Tells a full read whether events were missed while it went on. */
  #invalidations = 0;
  /** Unit -> what its cells show of it, as it was when they were folded. */
  #devices = new Map<string, { readonly identity: string; readonly environmentId: string | null }>();
  #curations: ReadonlyMap<string, CellCuration> = new Map();
  #pinned = new Map<string, PlacedView>();
  readonly #imported: ImportedBeside;
  #refreshing: Promise<unknown> = Promise.resolve();

  constructor(deps: AggregateDeps) {
    this.#deps = deps;
    this.#describeRow = createRowDescriber(deps.catalogue, deps.sha256);
    this.#imported = new ImportedBeside(deps.sha256);
    deps.store.subscribe((event) => this.#hear(event));
  }

  async matrix(): Promise<Matrix> {
    const { folded } = await this.#refreshed();
    return { schemaVersion: 3, generatedAt: this.#deps.clock.now(), ...folded };
  }

  async history(cellId: string): Promise<readonly PastResult[] | undefined> {
    const { index } = await this.#refreshed();
    return index.history(cellId);
  }

  #hear(event: StoreEvent): void {
    // Events that were missed, or that a store has lost, name nothing: everything is read again.
    if (this.#lastEvent !== undefined && event.sequence !== this.#lastEvent + 1) this.#invalidate();
    this.#lastEvent = event.sequence;
    if (event.type === 'task') this.#changed.add(event.taskId);
  }

  #invalidate(): void {
    this.#index = undefined;
    this.#invalidations += 1;
  }

  /** One at a time; each sees what happened before it was asked for. */
  #refreshed(): Promise<{ readonly index: CellIndex; readonly folded: Folded }> {
    const refreshed = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = refreshed.catch(() => undefined);
    return refreshed;
  }

  async #refresh(): Promise<{ readonly index: CellIndex; readonly folded: Folded }> {
    const { store, imports, sha256 } = this.#deps;
    const [agents, curations, imported] = await Promise.all([store.agents(), store.curations(), imports.results()]);
    const devices = new KnownDevices(agents, sha256);
    const read = new TaskReader(store, devices);
    if (this.#hasOtherDevices(devices)) this.#index = undefined;
    const index = this.#index === undefined ? await this.#readAll(read) : await this.#readChanged(this.#index, read);
    this.#noteDevices(index, devices);
    await this.#noteCurations(index, curations, read);
    return { index, folded: this.#fold(index, devices, imported) };
  }

  /** A device of a benchmark is another model, or has just become known: its results belong to other cells. */
  #hasOtherDevices(devices: KnownDevices): boolean {
    return [...this.#devices].some(([unit, { identity }]) => identityOf(devices, unit) !== identity);
  }

  async #readAll(read: TaskReader): Promise<CellIndex> {
    const invalidations = this.#invalidations;
    this.#changed.clear();
    const index = new CellIndex(this.#deps.sha256, this.#describeRow);
    for (let offset = 0; ; offset += PAGE) {
      const tasks = await this.#deps.store.benchmarks({ offset, limit: PAGE });
      for (const placed of await read.place(tasks)) index.put(placed);
      if (tasks.length < PAGE) break;
    }
    this.#devices.clear();
    this.#pinned.clear();
    this.#curations = new Map();
    this.#index = invalidations === this.#invalidations ? index : undefined;
    return index;
  }

  async #readChanged(index: CellIndex, read: TaskReader): Promise<CellIndex> {
    const taskIds = [...this.#changed];
    for (let from = 0; from < taskIds.length; from += PAGE) {
      const page = taskIds.slice(from, from + PAGE);
      for (const taskId of page) this.#changed.delete(taskId);
      try {
        for (const placed of await read.placeIds(page)) index.put(placed);
      } catch (error) {
        for (const taskId of page) this.#changed.add(taskId);
        throw error;
      }
    }
    return index;
  }

  #noteDevices(index: CellIndex, devices: KnownDevices): void {
    for (const unit of index.units) {
      const environmentId = devices.environmentIdOf(unit);
      const known = this.#devices.get(unit);
      if (known !== undefined && known.environmentId === environmentId) continue;
      if (known !== undefined) index.unitChanged(unit);
      this.#devices.set(unit, { identity: identityOf(devices, unit), environmentId });
    }
  }

  async #noteCurations(index: CellIndex, curations: ReadonlyMap<string, CellCuration>, read: TaskReader): Promise<void> {
    const changed = [...curations].filter(([id, curation]) => !isSame(curation, this.#curations.get(id)));
    const taskIds = changed.flatMap(([, { baseline }]) => baseline?.taskIds ?? []).filter((taskId) => !this.#pinned.has(taskId));
    for (const placed of await read.placeIds(taskIds)) this.#pinned.set(placed.view.task.taskId, placed);
    for (const [id] of changed) index.curationChanged(id);
    this.#curations = curations;
  }

  #fold(index: CellIndex, devices: KnownDevices, imported: readonly ImportedResult[]): Folded {
    const { grid, significance } = index.cells({ devices, curations: this.#curations, pinned: this.#pinned });
    return { ...this.#imported.beside(grid, imported), significance };
  }
}

function isSame(a: CellCuration, b: CellCuration | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function identityOf(devices: KnownDevices, unit: string): string {
  const profile = devices.get(unit)?.profile;
  return profile === undefined ? '' : JSON.stringify([profile.model, profile.sku, profile.emulated, profile.class]);
}

/** Reads benchmarks and places them; conversions that several share are read once. */
class TaskReader {
  readonly #store: AggregateDeps['store'];
  readonly #devices: KnownDevices;
  readonly #known = new Map<string, Promise<TaskRecord | undefined>>();

  constructor(store: AggregateDeps['store'], devices: KnownDevices) {
    this.#store = store;
    this.#devices = devices;
  }

  /** Those that are benchmarks. */
  async placeIds(taskIds: readonly string[]): Promise<readonly PlacedView[]> {
    const tasks = await Promise.all(taskIds.map((taskId) => this.#store.task(taskId)));
    return this.place(tasks.filter((task) => task !== undefined));
  }

  async place(tasks: readonly TaskRecord[]): Promise<readonly PlacedView[]> {
    const placed = await Promise.all(tasks.map((task) => this.#place(task)));
    return placed.filter((view) => view !== undefined);
  }

  async #place(task: TaskRecord): Promise<PlacedView | undefined> {
    if (task.spec.kind !== 'benchmark') return undefined;
    return placeView(viewBenchmark(task, task.spec, await this.#endedNeeds(task)), this.#devices);
  }

  /** What an ended benchmark needed: its conversion, and what kept it from running. One that is under way is viewed again when it ends. */
  async #endedNeeds({ state, needs }: TaskRecord): Promise<readonly TaskRecord[]> {
    const tasks = isEnd(state) ? await Promise.all(needs.map((taskId) => this.#read(taskId))) : [];
    return tasks.filter((task) => task !== undefined);
  }

  #read(taskId: string): Promise<TaskRecord | undefined> {
    const reading = this.#known.get(taskId) ?? this.#store.task(taskId);
    this.#known.set(taskId, reading);
    return reading;
  }
}
