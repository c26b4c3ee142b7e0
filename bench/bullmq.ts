import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { benchmarked } from '../test/farm/results.ts';
import type { Figure } from './bench-report.ts';
import type { Services } from './farm/services.ts';
import { cpuMsOf } from './processes/process-tree.ts';
import { RECIPE_BYTES } from './store-alone.ts';

const QUEUE = 'bench';
const BULK = 100;
const AT_ONCE = 200;
const DATA = { recipe: 'x'.repeat(RECIPE_BYTES) };

/** What a queue library for Redis does with as many jobs, for scale: it adds them, hands each to a handler and keeps the result. */
export async function measureBullmq({ redisUrl, redisPid }: Services, jobs: number): Promise<readonly Figure[]> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const before = { own: process.cpuUsage(), redisMs: cpuMsOf(redisPid) ?? 0 };
  try {
    const addMs = await timed(() => addAll(connection, jobs));
    const workMs = await timed(() => workAll(connection, jobs));
    const own = process.cpuUsage(before.own);
    return [
      { name: 'BullMQ: jobs added and processed', unit: 'jobs/s', value: (jobs / (addMs + workMs)) * 1_000 },
      { name: 'BullMQ: jobs processed', unit: 'jobs/s', value: (jobs / workMs) * 1_000 },
      { name: 'BullMQ: client CPU per job', unit: 'ms', value: (own.user + own.system) / 1_000 / jobs },
      { name: 'BullMQ: Redis CPU per job', unit: 'ms', value: ((cpuMsOf(redisPid) ?? 0) - before.redisMs) / jobs },
    ];
  } finally {
    connection.disconnect();
  }
}

async function addAll(connection: Redis, jobs: number): Promise<void> {
  const queue = new Queue(QUEUE, { connection });
  for (let first = 0; first < jobs; first += BULK)
    await queue.addBulk(Array.from({ length: Math.min(BULK, jobs - first) }, () => ({ name: 'task', data: DATA })));
  await queue.close();
}

async function workAll(connection: Redis, jobs: number): Promise<void> {
  const worker = new Worker(QUEUE, async () => benchmarked(), { connection, concurrency: AT_ONCE, autorun: false });
  let completed = 0;
  const all = new Promise<void>((resolve, reject) => {
    worker.on('completed', () => {
      completed += 1;
      if (completed === jobs) resolve();
    });
    worker.on('failed', (_, error) => reject(error));
    worker.on('error', reject);
  });
  const running = worker.run();
  await all;
  await worker.close();
  await running;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
