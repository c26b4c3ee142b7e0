import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAggregate } from '../coordinator/aggregate/aggregate.ts';
import { createMemoryTaskStore } from '../coordinator/store/memory/memory-task-store.ts';
import type { TaskStore } from '../coordinator/store/task-store.ts';
import { startRedisServer } from '../test/support/redis-server.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { withRedisStore } from './farm/open-store.ts';
import { missingServers } from './farm/services.ts';
import { CELLS, ManyResults } from './many-results.ts';
import { residentBytesOf } from './processes/process-tree.ts';
import { median, percentile95, rangeOf } from './statistics.ts';
import { type AloneShape, measureAlone, RECIPE_BYTES, submitAll } from './store-alone.ts';

/** Results of each cell. */
const DEEP = 100;
const RESULTS = CELLS * DEEP;
const LOOKS = 200;
/** Results that are really in a store: what each of them takes is the difference to none. */
const STORED: AloneShape = { agents: 100, lanes: 50, submitters: 20, tasks: 5_000, recipeBytes: RECIPE_BYTES };
const PAGE = 5_000;

/** What a million results cost: folded for the matrix, and kept in a store. */
export async function benchHistory(_: BenchOptions): Promise<BenchReport> {
  const folded = await foldMillion();
  const memory = await sizeInMemory();
  const notes = missingServers('redis');
  const redis = notes.length > 0 ? [] : await sizeInRedis();
  return {
    bench: 'history',
    setUp: [
      `${RESULTS.toLocaleString('en')} results in ${CELLS.toLocaleString('en')} cells, records in this process in place of a store, folded once; then the whole history of one cell and the matrix after one new result, ${LOOKS} times each`,
      `stores by themselves: ${STORED.tasks.toLocaleString('en')} benchmarks acquired, accepted and completed (${STORED.tasks / 100} jobs), each with a report of its own; what they add to the heap after a collection, and to the resident memory of a redis-server without append-only file; times a million is a product, not a measurement`,
    ],
    figures: [...folded, ...memory, ...redis],
    notes,
  };
}

async function foldMillion(): Promise<readonly Figure[]> {
  const farm = new ManyResults();
  farm.add(DEEP);
  const before = heapBytes();
  const aggregate = createAggregate(farm.deps);
  const foldMs = await timed(() => aggregate.matrix());
  const heap = heapBytes() - before;
  const ids = (await aggregate.matrix()).cells.flat().map((cell) => cell?.id ?? '');
  const history: number[] = [];
  const matrix: number[] = [];
  for (let index = 0; index < LOOKS; index++) {
    const cell = (index * 997) % CELLS;
    farm.addOne(cell);
    matrix.push(await timed(() => aggregate.matrix()));
    history.push(await timed(() => aggregate.history(ids[cell] ?? '')));
  }
  return [
    { name: `folding ${RESULTS.toLocaleString('en')} results once`, unit: 's', value: foldMs / 1_000 },
    { name: 'heap of the folded history', unit: 'MB', value: heap / 1e6 },
    { name: 'matrix after one more result, median', unit: 'ms', value: median(matrix), ...rangeOf(matrix) },
    { name: 'matrix after one more result, p95', unit: 'ms', value: percentile95(matrix) },
    { name: `history of a cell (${DEEP} results), median`, unit: 'ms', value: median(history), ...rangeOf(history) },
    { name: `history of a cell (${DEEP} results), p95`, unit: 'ms', value: percentile95(history) },
  ];
}

async function sizeInMemory(): Promise<readonly Figure[]> {
  const store = createMemoryTaskStore();
  await store.start();
  const before = heapBytes();
  await fill(store);
  const each = (heapBytes() - before) / STORED.tasks;
  const readMs = await timed(() => readAll(store));
  await store.stop();
  return storeFigures('memory store', { each, readMs });
}

async function sizeInRedis(): Promise<readonly Figure[]> {
  const server = await startRedisServer({ appendFsync: 'no' });
  try {
    return await withRedisStore(server.url, async (store) => {
      const before = residentBytesOf(server.pid()) ?? 0;
      await fill(store);
      const each = ((residentBytesOf(server.pid()) ?? 0) - before) / STORED.tasks;
      const readMs = await timed(() => readAll(store));
      return storeFigures('Redis', { each, readMs });
    });
  } finally {
    await server.stop();
  }
}

function storeFigures(name: string, { each, readMs }: { readonly each: number; readonly readMs: number }): readonly Figure[] {
  return [
    { name: `${name}: one result`, unit: 'kB', value: each / 1e3 },
    { name: `${name}: times a million`, unit: 'GB', value: (each * 1e6) / 1e9 },
    { name: `${name}: reading all ${STORED.tasks.toLocaleString('en')}, each`, unit: 'us', value: (readMs / STORED.tasks) * 1e3 },
  ];
}

async function fill(store: TaskStore): Promise<void> {
  await submitAll(store, STORED);
  await measureAlone(store, STORED);
}

async function readAll(store: TaskStore): Promise<void> {
  for (let offset = 0; ; offset += PAGE) if ((await store.benchmarks({ offset, limit: PAGE })).length < PAGE) return;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** After a collection. */
function heapBytes(): number {
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed;
}
