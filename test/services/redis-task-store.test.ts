import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { listOf, type Reply, StoreFunctions, textOf } from '../../coordinator/store/redis/functions.ts';
import { createKeys } from '../../coordinator/store/redis/keys.ts';
import type { QueryFunction } from '../../coordinator/store/redis/library.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import type { CurationChange } from '../../domain/curation.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { deviceOf, JOB_SPEC, newTask } from '../conformance/task-store/documents.ts';
import { Farm } from '../conformance/task-store/farm.ts';
import { describeTaskStore } from '../conformance/task-store.ts';
import { openTestRedis, type TestRedis } from '../support/redis-server.ts';
import { archivingAlways, MemoryArchive } from './support/archiving.ts';

let redis: TestRedis;
let link: RedisLink;
beforeAll(async () => {
  redis = await openTestRedis();
  link = await connectRedis({ url: redis.url });
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

describeTaskStore('Redis task store that archives whatever has ended after every command', async () => {
  const archive = new MemoryArchive();
  const store = createRedisTaskStore({ link, farm: redis.farm(), clock: createSystemClock(), archive });
  return archivingAlways(store);
});

describeTaskStore('Redis task store', async () => createRedisTaskStore({ link, farm: redis.farm(), clock: createSystemClock() }));

it('leaves out what is said about a cell where it cannot read it, tells that once, and takes what is said next', async () => {
  const told: unknown[] = [];
  const farm = redis.farm();
  const store = createRedisTaskStore({ link, farm, clock: createSystemClock(), log: (what, fields) => told.push([what, fields]) });
  await store.start();
  const [bad, good] = ['a'.repeat(16), 'b'.repeat(16)];
  const say = (cellId: string, change: CurationChange) =>
    store.curateCell({ now: 1_000, principal: { kind: 'user', name: 'ann' }, cellId, change });
  await say(good, { kind: 'acknowledge', state: 'failed', reason: '' });
  const unreadable = { baseline: { taskIds: [''], reason: '', by: 'ann', at: 1 }, acknowledged: null, notes: [] };
  await link.run((client) => client.hset(`${createKeys(farm).prefix}curations`, bad, JSON.stringify(unreadable)));
  told.length = 0;
  for (let time = 0; time < 2; time += 1) expect([...(await store.curations()).keys()]).toEqual([good]);
  expect(told).toEqual([['redis-curation-unreadable', { cellId: bad }]]);
  expect(await say(bad, { kind: 'unpin' })).toEqual({ baseline: null, acknowledged: null, notes: [] });
  expect([...(await store.curations()).keys()].sort()).toEqual([bad, good]);
  await store.stop();
});

describe('an answer of Redis', () => {
  /** Of every answer that one list takes: its bytes, and how many members it told. */
  const answersOf = async (prefix: string, name: QueryFunction, call: object) => {
    const functions = new StoreFunctions(link, prefix);
    const answers: { readonly bytes: number; readonly told: number }[] = [];
    for (let after: readonly string[] = []; ; ) {
      const [score, last, records] = listOf(await functions.ask(name, { ...call, ...(after.length > 0 && { after }) }));
      answers.push({ bytes: bytesIn(records ?? []), told: listOf(records).length });
      if (textOf(last) === '') return answers;
      after = [textOf(score), textOf(last)];
    }
  };
  const bytesIn = (reply: Reply): number =>
    Buffer.isBuffer(reply) ? reply.length : typeof reply === 'number' ? 8 : reply.reduce<number>((sum, part) => sum + bytesIn(part), 0);

  it('ends with the record that fills a megabyte, and the next one goes on behind it', async () => {
    const name = redis.farm();
    const store = createRedisTaskStore({ link, farm: name, clock: createSystemClock() });
    await store.start();
    const farm = new Farm(store);
    const largeBytes = 300_000;
    const large = 'x'.repeat(largeBytes);
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    for (const each of names) await farm.hello(each, { devices: [deviceOf(`${each}/cpu0`, { labels: { note: large } })] });
    for (const jobId of names)
      await farm.submit([newTask(`${jobId}-1`)], { jobId, spec: { ...JOB_SPEC, followForMs: 1_000, task: large } });
    const { prefix } = createKeys(name);
    for (const [list, call] of [
      ['agents', {}],
      ['running_jobs', {}],
      ['following_jobs', { now: farm.now }],
    ] as const) {
      const answers = await answersOf(prefix, list, call);
      expect(answers.reduce((sum, { told }) => sum + told, 0)).toBe(names.length);
      for (const { bytes } of answers) expect(bytes).toBeLessThan(1_048_576 + 2 * largeBytes);
    }
    expect((await store.agents()).map(({ agentId }) => agentId)).toEqual(names);
    expect((await store.runningJobs()).map(({ jobId }) => jobId)).toEqual(names);
    expect((await store.followingJobs(farm.now)).map(({ jobId }) => jobId)).toEqual(names);
    await store.stop();
  });

  it('leaves out a member that is listed and gone, and tells the others', async () => {
    const name = redis.farm();
    const store = createRedisTaskStore({ link, farm: name, clock: createSystemClock() });
    await store.start();
    const farm = new Farm(store);
    for (const each of ['a', 'b']) await farm.hello(each);
    for (const jobId of ['a', 'b']) await farm.submit([newTask(`${jobId}-1`)], { jobId });
    const { prefix } = createKeys(name);
    for (const [list, score] of [
      ['agents', 0],
      ['running', 0],
    ] as const)
      await link.client.zadd(`${prefix}${list}`, score, 'gone');
    expect((await store.agents()).map(({ agentId }) => agentId)).toEqual(['a', 'b']);
    expect((await store.runningJobs()).map(({ jobId }) => jobId)).toEqual(['a', 'b']);
    await store.stop();
  });

  it('goes on where it was when the last member it told has left', async () => {
    const name = redis.farm();
    const store = createRedisTaskStore({ link, farm: name, clock: createSystemClock() });
    await store.start();
    const farm = new Farm(store);
    const functions = new StoreFunctions(link, createKeys(name).prefix);
    const names = ['a', 'b', 'c', 'd'];
    for (const jobId of names) await farm.submit([newTask(`${jobId}-1`)], { jobId, spec: { ...JOB_SPEC, followForMs: 1_000 } });
    const { prefix } = createKeys(name);
    const score = await link.client.zscore(`${prefix}running`, 'b');
    const until = await link.client.zscore(`${prefix}following`, 'b');
    await farm.cancel('b');
    const told = async (list: QueryFunction, call: object) => {
      const [, , records] = listOf(await functions.ask(list, call));
      return listOf(records).map((fields) => textOf(listOf(fields)[0]));
    };
    expect(await told('running_jobs', { after: [score, 'b'] })).toEqual(['c', 'd']);
    expect(await told('following_jobs', { now: farm.now, after: [until, 'b'] })).toEqual(['a', 'c', 'd']);
    await store.stop();
  });
});

describe('commands on their way to Redis together', () => {
  it('are done beside one that cannot be read there', async () => {
    const { prefix } = createKeys(redis.farm());
    const functions = new StoreFunctions(link, prefix);
    const policy = { name: 'set_policy', now: 1, call: {}, texts: ['{}'] } as const;
    const unreadable = { ...policy, call: { ['\ud83d']: 1 } };
    const odd = { name: 'accept', now: 1, call: { agentId: null, lease: null } } as const;
    const answers = await Promise.all([policy, unreadable, odd, policy].map((call) => functions.run(call)));
    expect(answers.map(({ result }) => (result.kind === 'refused' ? result.error.code : result.kind))).toEqual([
      'ok',
      'internal',
      'internal',
      'ok',
    ]);
  });
});

describe('an alarm of a kind that only a newer coordinator knows', () => {
  it('is left alone, and what is due beside it ends', async () => {
    const farmName = redis.farm();
    const store = createRedisTaskStore({ link, farm: farmName, clock: createSystemClock() });
    await store.start();
    const farm = new Farm(store);
    await farm.hello('m');
    await farm.mark('m', { kind: 'paused', reason: 'a while', fix: '', until: farm.now + 5_000 });
    const { alarms } = createKeys(farmName);
    const unknown = '{"kind":"tomorrow","taskId":"t"}';
    await link.client.zadd(alarms, farm.now, unknown);
    await farm.pass(5_000);
    expect((await store.agent('m'))?.mark).toBeNull();
    expect(await link.client.zscore(alarms, unknown)).not.toBeNull();
    await store.stop();
  });
});
