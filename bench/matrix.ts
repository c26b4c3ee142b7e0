import { measured, taskOf } from '../coordinator/aggregate/aggregate.cases.ts';
import { createAggregate } from '../coordinator/aggregate/aggregate.ts';
import type { StoreEvent, TaskRecord } from '../coordinator/store/task-store.ts';
import { loadCatalogue } from '../domain/recipe/catalogue.ts';
import { createSystemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/sha256.ts';
import { startFarmServer } from '../test/rest/farm-server.ts';
import type { BenchOptions, BenchReport } from './bench-report.ts';
import { median, rangeOf } from './statistics.ts';

const MODELS = 100;
const DEVICES = 100;
const CELLS = MODELS * DEVICES;
/** Results of each cell at the end. */
const DEEP = 10;
const LOOKS = 40;
const TARGET_MS = 200;

/** How long the matrix of 10,000 cells takes to answer, with one result a cell and with ten, each time after a new result. */
export async function benchMatrix(_: BenchOptions): Promise<BenchReport> {
  const farm = new ManyResults();
  farm.add(1);
  const aggregate = createAggregate(farm.deps);
  const server = await startFarmServer({ matrix: () => aggregate.matrix() });
  try {
    const first = await timed(() => look(server.url));
    const shallow = await looks(server.url, farm);
    farm.add(DEEP - 1);
    const before = process.memoryUsage().heapUsed;
    farm.forgetListeners();
    const deepAggregate = createAggregate(farm.deps);
    const filled = await timed(() => deepAggregate.matrix());
    const heapBytes = process.memoryUsage().heapUsed - before;
    const deepServer = await startFarmServer({ matrix: () => deepAggregate.matrix() });
    const deep = await looks(deepServer.url, farm).finally(() => deepServer.close());
    const p95 = { text: `p95 at most ${TARGET_MS} ms`, met: percentile(shallow) <= TARGET_MS };
    return {
      bench: 'matrix',
      setUp: [
        `${CELLS.toLocaleString('en')} cells (${MODELS} models on ${DEVICES} device models), benchmark records in this process in place of a store; GET /api/v1/matrix over HTTP on loopback, the whole body read, each time after one new result`,
        `then ${DEEP} results a cell, ${(CELLS * DEEP).toLocaleString('en')} in all`,
      ],
      figures: [
        { name: 'first answer, everything folded', unit: 'ms', value: first },
        { name: 'JSON of 10,000 cells, median', unit: 'ms', value: median(shallow), ...rangeOf(shallow) },
        { name: 'JSON of 10,000 cells, p95', unit: 'ms', value: percentile(shallow), target: p95 },
        { name: `folding ${(CELLS * DEEP).toLocaleString('en')} results once`, unit: 'ms', value: filled },
        { name: 'heap of the folded history', unit: 'MB', value: heapBytes / 1e6 },
        { name: 'JSON of 10,000 cells, ten results each, median', unit: 'ms', value: median(deep), ...rangeOf(deep) },
        {
          name: 'JSON of 10,000 cells, ten results each, p95',
          unit: 'ms',
          value: percentile(deep),
          target: { ...p95, met: percentile(deep) <= TARGET_MS },
        },
      ],
      notes: ['Records of all results share one report, so that they fit in memory; a store keeps each of its own.'],
    };
  } finally {
    await server.close();
  }
}

async function looks(url: string, farm: ManyResults): Promise<readonly number[]> {
  await look(url);
  const times: number[] = [];
  for (let index = 0; index < LOOKS; index++) {
    farm.addOne(index % CELLS);
    times.push(await timed(() => look(url)));
  }
  return times;
}

async function look(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/matrix`);
  const { byteLength } = await answer.arrayBuffer();
  if (byteLength < CELLS) throw new Error(`the matrix has ${byteLength} bytes`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function percentile(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? Number.NaN;
}

/** Benchmarks of every model on every device, and what a store would say of them. */
class ManyResults {
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #listeners: ((event: StoreEvent) => void)[] = [];
  readonly #patterns = Array.from({ length: CELLS }, (_, cell) => patternOf(cell));
  #sequence = 0;
  readonly deps = {
    store: {
      benchmarks: async ({ offset = 0, limit = Number.POSITIVE_INFINITY } = {}) => [...this.#tasks.values()].slice(offset, offset + limit),
      agents: async () => [],
      curations: async () => new Map(),
      task: async (taskId: string) => this.#tasks.get(taskId),
      subscribe: (listener: (event: StoreEvent) => void) => {
        this.#listeners.push(listener);
        return () => undefined;
      },
    },
    imports: { results: async () => [] },
    catalogue: loadCatalogue([], sha256),
    clock: createSystemClock(),
    sha256,
  };

  /** So many more results of every cell. */
  add(results: number): void {
    for (let round = 0; round < results; round++) for (let cell = 0; cell < CELLS; cell++) this.#put(cell);
  }

  addOne(cell: number): void {
    const { taskId, jobIds, state } = this.#put(cell);
    for (const listener of this.#listeners)
      listener({ type: 'task', sequence: this.#sequence, at: 0, taskId, jobIds, state, attempt: 1, code: null });
  }

  /** An aggregate that is done with must not hear more. */
  forgetListeners(): void {
    this.#listeners.length = 0;
  }

  #put(cell: number): TaskRecord {
    const pattern = this.#patterns[cell];
    if (pattern === undefined) throw new RangeError(`no cell ${cell}`);
    this.#sequence += 1;
    const task = { ...pattern, taskId: `t-${this.#sequence}`, endedAt: this.#sequence };
    this.#tasks.set(task.taskId, task);
    return task;
  }
}

const REPORT = measured();

function patternOf(cell: number): TaskRecord {
  const device = cell % DEVICES;
  const task = taskOf({ unit: `lab-${device}/cpu0`, report: REPORT, spec: { modelId: `org/model-${Math.floor(cell / DEVICES)}` } });
  return { ...task, requirement: { ...task.requirement, deviceModel: `Device ${device}` } };
}
