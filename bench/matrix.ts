import { createAggregate } from '../coordinator/aggregate/aggregate.ts';
import { startFarmServer } from '../test/rest/farm-server.ts';
import type { BenchOptions, BenchReport, Figure } from './bench-report.ts';
import { CELLS, DEVICES, ManyResults, MODELS } from './many-results.ts';
import { median, percentile95, rangeOf } from './statistics.ts';

/** Results of each cell at the end. */
const DEEP = 10;
const LOOKS = 40;
/** Results of other cells that come between two looks. */
const ARRIVALS = 10;
const TARGET_MS = 200;

/** How long the matrix of 10,000 cells takes to answer, with one result a cell and with ten, while results keep arriving. */
export async function benchMatrix(_: BenchOptions): Promise<BenchReport> {
  const farm = new ManyResults();
  farm.add(1);
  const shallow = await measured10k(farm);
  farm.add(DEEP - 1);
  farm.forgetListeners();
  const before = process.memoryUsage().heapUsed;
  const deep = await measured10k(farm);
  const heapBytes = process.memoryUsage().heapUsed - before;
  const all = (CELLS * DEEP).toLocaleString('en');
  return {
    bench: 'matrix',
    setUp: [
      `${CELLS.toLocaleString('en')} cells (${MODELS} models on ${DEVICES} device models of ${DEVICES} agents), benchmark records in this process in place of a store; GET /api/v1/matrix over HTTP on loopback, the whole body read, each time after ${ARRIVALS} new results`,
      `then ${DEEP} results a cell, ${all} in all`,
      'CPU time is that of this process: answering and reading',
    ],
    figures: [
      { name: 'first answer, everything folded', unit: 'ms', value: shallow.firstMs },
      ...figuresOf('JSON of 10,000 cells', shallow),
      { name: `folding ${all} results once, first answer`, unit: 'ms', value: deep.firstMs },
      { name: 'heap of the folded history', unit: 'MB', value: heapBytes / 1e6 },
      ...figuresOf('JSON of 10,000 cells, ten results each', deep),
      { name: 'told that nothing has changed (304), median', unit: 'ms', value: median(deep.unchangedMs), ...rangeOf(deep.unchangedMs) },
    ],
    notes: ['Records of all results share one report, so that they fit in memory; a store keeps each of its own.'],
  };
}

interface Looks {
  readonly firstMs: number;
  readonly times: readonly number[];
  readonly cpuMs: readonly number[];
  readonly unchangedMs: readonly number[];
}

function figuresOf(name: string, { times, cpuMs }: Looks): readonly Figure[] {
  const p95 = percentile95(times);
  return [
    { name: `${name}, median`, unit: 'ms', value: median(times), ...rangeOf(times) },
    { name: `${name}, p95`, unit: 'ms', value: p95, target: { text: `p95 at most ${TARGET_MS} ms`, met: p95 <= TARGET_MS } },
    { name: `${name}, CPU time, median`, unit: 'ms', value: median(cpuMs), ...rangeOf(cpuMs) },
  ];
}

async function measured10k(farm: ManyResults): Promise<Looks> {
  const aggregate = createAggregate(farm.deps);
  const server = await startFarmServer({ matrix: () => aggregate.matrix() });
  const times: number[] = [];
  const cpuMs: number[] = [];
  const unchangedMs: number[] = [];
  try {
    const firstMs = await timed(() => look(server.url));
    for (let index = 0; index < LOOKS; index++) {
      for (let one = 0; one < ARRIVALS; one++) farm.addOne((index * ARRIVALS + one * 997) % CELLS);
      const cpu = process.cpuUsage();
      times.push(await timed(() => look(server.url)));
      const { user, system } = process.cpuUsage(cpu);
      cpuMs.push((user + system) / 1_000);
    }
    let etag = await look(server.url);
    for (let index = 0; index < LOOKS; index++) {
      const begin = performance.now();
      if (await isKnown(server.url, etag)) unchangedMs.push(performance.now() - begin);
      // It is good for its minute.
      else etag = await look(server.url);
    }
    if (unchangedMs.length === 0) throw new Error('the matrix is never told to be unchanged');
    return { firstMs, times, cpuMs, unchangedMs };
  } finally {
    await server.close();
  }
}

async function look(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/matrix`);
  const { byteLength } = await answer.arrayBuffer();
  if (byteLength < CELLS) throw new Error(`the matrix has ${byteLength} bytes`);
  return answer.headers.get('etag') ?? '';
}

async function isKnown(url: string, etag: string): Promise<boolean> {
  const { status } = await fetch(`${url}/api/v1/matrix`, { headers: { 'if-none-match': etag } });
  return status === 304;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
