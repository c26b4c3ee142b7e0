import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { newTask, resultOf } from '../conformance/task-store/documents.ts';
import { codeOf, Farm } from '../conformance/task-store/farm.ts';
import { openTestRedis, type TestRedis } from '../support/redis-server.ts';
import { MemoryArchive } from './support/archiving.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;

describe('documents of jobs that ended long ago', () => {
  let redis: TestRedis;
  let link: RedisLink;
  beforeAll(async () => {
    redis = await openTestRedis();
    link = await connectRedis({ url: redis.url });
  });
  afterAll(async () => {
    link?.close();
    await redis?.stop();
  });

  const openFarm = async () => {
    const [archive, name] = [new MemoryArchive(), redis.farm()];
    const store = createRedisTaskStore({ link, farm: name, clock: createSystemClock(), archive });
    await store.start();
    return { name, store, archive, farm: new Farm(store) };
  };
  const endJob = async (farm: Farm, taskId: string) => {
    await farm.hello('m');
    const jobId = await farm.submit([newTask(taskId)], { jobId: `job-${taskId}` });
    await farm.complete(await farm.run('m'), DONE);
    return jobId;
  };

  it('leave Redis and can be asked for as before: by job, by task, for the matrix', async () => {
    const { store, archive, farm } = await openFarm();
    const jobId = await endJob(farm, 'old');
    const look = async () => [await store.job(jobId), await store.jobs({ limit: 9 }), await store.tasksOf(jobId), await store.benchmarks()];
    const before = await look();
    expect(await store.archiveEnded(farm.now + 1)).toBe(1);
    expect(await look()).toEqual(before);
    expect(await store.archives()).toEqual([...archive.blobs.keys()]);
    const [blob = Buffer.alloc(0)] = archive.blobs.values();
    expect(Object.keys(JSON.parse(blob.toString()))).toEqual(['job:job-old:spec', 'task:old:spec', 'task:old:req', 'task:old:result']);
    await store.stop();
  });

  it('stay while the job runs or has ended lately, and go once', async () => {
    const { store, archive, farm } = await openFarm();
    await endJob(farm, 'lately');
    await farm.submit([newTask('running')]);
    expect(await store.archiveEnded(farm.now)).toBe(0);
    expect(await store.archiveEnded(farm.now + 1)).toBe(1);
    expect(await store.archiveEnded(farm.now + 1)).toBe(0);
    expect(archive.blobs.size).toBe(1);
    await store.stop();
  });

  it('follow when an archived job runs again and ends again', async () => {
    const { store, farm } = await openFarm();
    const jobId = await endJob(farm, 'again');
    await store.archiveEnded(farm.now + 1);
    await farm.addTasks(jobId, [newTask('more')]);
    expect(await store.archiveEnded(farm.now + 1)).toBe(0);
    await farm.complete(await farm.run('m'), DONE);
    const before = await store.tasksOf(jobId);
    expect(await store.archiveEnded(farm.now + 1)).toBe(1);
    expect(await store.tasksOf(jobId)).toEqual(before);
    await store.stop();
  });

  it('are missed with a clear error by a coordinator without their artifact store; nothing else is', async () => {
    const { name, store, farm } = await openFarm();
    await endJob(farm, 'away');
    await store.archiveEnded(farm.now + 1);
    const blind = createRedisTaskStore({ link, farm: name, clock: createSystemClock() });
    await blind.start();
    expect(await codeOf(blind.task('away'))).toBe('store-failed');
    expect(await blind.agents()).toHaveLength(1);
    for (const one of [store, blind]) await one.stop();
  });
});
