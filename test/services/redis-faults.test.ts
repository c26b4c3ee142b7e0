import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkSchema } from '../../coordinator/store/redis/check-server.ts';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createKeys } from '../../coordinator/store/redis/keys.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import type { StoreEvent, TaskStore } from '../../coordinator/store/task-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { newTask, resultOf } from '../conformance/task-store/documents.ts';
import { codeOf, Farm, refOf } from '../conformance/task-store/farm.ts';
import { startRedisServer, type TestRedisServer } from '../support/redis-server.ts';
import { type LosingProxy, startLosingProxy } from './support/losing-proxy.ts';

const DONE = { state: 'completed', result: resultOf('benchmark') } as const;
const clock = createSystemClock();
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function openStore(url: string, farm: string, log?: (what: string) => void): Promise<TaskStore & { readonly link: RedisLink }> {
  const link = await connectRedis({ url });
  const store = createRedisTaskStore({ link, farm, clock, ...(log === undefined ? {} : { log }) });
  opened.push(async () => {
    await store.stop();
    link.close();
  });
  await store.start();
  return Object.assign(store, { link });
}

describe('a Redis that misbehaves', () => {
  let server: TestRedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ appendFsync: 'always', settings: { 'enable-debug-command': 'yes' } });
  });
  afterAll(() => server?.stop());

  it('gets the functions again when it has lost them', async () => {
    const store = await openStore(server.url, 'flushed');
    const farm = new Farm(store);
    await farm.hello('m');
    await store.link.client.function('FLUSH');
    await store.link.client.script('FLUSH');
    await Promise.all(['1', '2', '3'].map((id) => farm.submit([newTask(id)])));
    expect((await farm.acquire('m')).taskId).toBe('1');
  });

  it('has everything it acknowledged after a crash, and commands under way are answered once it is back', async () => {
    const store = await openStore(server.url, 'crashed');
    const farm = new Farm(store);
    for (const agentId of ['m', 'n', 'o']) await farm.hello(agentId);
    const acknowledged: string[] = [];
    const submitting = Array.from({ length: 40 }, async (_, index) => {
      await farm.submit([newTask(`t${index}`)], { jobId: `j${index}` });
      acknowledged.push(`t${index}`);
    });
    await vi.waitUntil(() => acknowledged.length >= 5, { timeout: 30_000 });
    await server.restart();
    await Promise.all(submitting);
    const held = await farm.run('m');
    await farm.complete(held, DONE);
    await server.restart();
    expect((await store.tasksOf('j0')).map(({ taskId }) => taskId)).toEqual(['t0']);
    expect(await store.jobs({ limit: 100 })).toHaveLength(40);
    expect(await farm.state(held.taskId)).toBe('completed');
    expect(await farm.complete(held, DONE)).toEqual({ state: 'completed', recorded: false });
    const sequences = farm.events.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });

  it('tells every coordinator of everything, in order, also after its connection was lost', async () => {
    const [first, second] = [await openStore(server.url, 'told'), await openStore(server.url, 'told')];
    const heard: StoreEvent[] = [];
    second.subscribe((event) => heard.push(event));
    const farm = new Farm(first);
    await farm.submit([newTask('1')]);
    await first.link.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (const id of ['2', '3', '4']) await farm.submit([newTask(id)]);
    await vi.waitUntil(() => heard.length >= farm.events.length && farm.events.length > 0, { timeout: 20_000 });
    expect(heard).toEqual(await first.eventsSince(0, 1_000));
  });

  it('refuses changes as a read-only replica, and takes them when it is the primary again', async () => {
    const store = await openStore(server.url, 'replica');
    const farm = new Farm(store);
    await store.link.client.replicaof('127.0.0.1', '1');
    expect(await codeOf(farm.submit([newTask('1')], { jobId: 'a' }))).toBe('store-unavailable');
    await store.link.run((client) => client.replicaof('NO', 'ONE'));
    await farm.submit([newTask('1')], { jobId: 'a' });
    expect(await farm.state('1')).toBe('pending');
  });

  it('refuses changes when its memory is full, loses nothing, and goes on when there is room', async () => {
    const store = await openStore(server.url, 'full');
    const farm = new Farm(store);
    await farm.hello('m');
    await farm.submit([newTask('1')]);
    const held = await farm.run('m');
    await store.link.client.config('SET', 'maxmemory', '1mb');
    await expect(farm.complete(held, DONE)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('memory limit'),
      spec: { retryable: true },
    });
    expect(await farm.state('1')).toBe('running');
    await store.link.client.config('SET', 'maxmemory', '0');
    expect(await farm.complete(held, DONE)).toEqual({ state: 'completed', recorded: true });
  });
});

describe('a connection that breaks before the answer', () => {
  let server: TestRedisServer;
  let proxy: LosingProxy;
  beforeAll(async () => {
    server = await startRedisServer();
    proxy = await startLosingProxy(server.port);
  });
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  const farmBehindProxy = async (name: string) => {
    const farm = new Farm(await openStore(`redis://127.0.0.1:${proxy.port}`, name));
    await farm.hello('m');
    await farm.submit([newTask('1')]);
    return farm;
  };
  const losing = async <T>(functionName: string, run: () => T): Promise<Awaited<T>> => {
    const before = proxy.lost();
    proxy.loseAnswerTo(`["${functionName}",`);
    const answer = await run();
    expect(proxy.lost()).toBe(before + 1);
    return answer;
  };

  it.each([
    ['submit', (farm: Farm) => farm.submit([newTask('2')], { jobId: 'second' })],
    ['heartbeat', (farm: Farm) => farm.heartbeat('m')],
    ['close_stream', (farm: Farm) => farm.closeStream('m')],
    ['cancel_job', (farm: Farm) => farm.cancel('job1')],
  ] as const)('does %s once', async (name, run) => {
    const [cut, whole] = [await farmBehindProxy(`cut-${name}`), await farmBehindProxy(`whole-${name}`)];
    await losing(name, () => run(cut));
    await run(whole);
    expect(await cut.store.eventsSince(0, 100)).toEqual(await whole.store.eventsSince(0, 100));
  });

  it('leases, accepts and records once', async () => {
    const farm = await farmBehindProxy('life');
    const held = await losing('acquire', () => farm.acquire('m'));
    await losing('accept', () => farm.accept(held));
    expect(await losing('complete', () => farm.complete(held, DONE))).toEqual({ state: 'completed', recorded: false });
    expect(await farm.store.task('1')).toMatchObject({ state: 'completed', attempts: [{ attempt: 1, token: held.token }] });
    const states = (await farm.store.eventsSince(0, 100)).flatMap((event) => (event.type === 'task' ? [event.state] : []));
    expect(states).toEqual(['pending', 'leased', 'running', 'completed']);
  });

  it('begins a session whose number the agent knows, whatever became of the lost one', async () => {
    const farm = await farmBehindProxy('session');
    await losing('hello', () => farm.hello('m'));
    await farm.heartbeat('m');
    expect(await farm.acquire('m')).toMatchObject({ taskId: '1' });
  });

  it('ends what is due once, and the agent of a lost answer learns it from its next heartbeat', async () => {
    const farm = await farmBehindProxy('expiry');
    const held = await farm.run('m');
    farm.now += 3_600_000;
    const items = (await farm.store.due(farm.now, 100)).filter(({ kind }) => kind === 'lease');
    await losing('expire', () => farm.store.expire({ now: farm.now, items }));
    expect(await farm.state('1')).toBe('pending');
    const { verdicts } = await farm.heartbeat('m', [refOf(held)]);
    expect(verdicts).toMatchObject([{ verdict: 'abandon' }]);
  });

  it('lets commands of many callers through when it is cut again and again', async () => {
    const farm = await farmBehindProxy('storm');
    const submits = Array.from({ length: 30 }, async (_, index) => {
      await farm.submit([newTask(`s${index}`)], { jobId: `s${index}` });
      if (index % 10 === 0) proxy.cut();
    });
    await Promise.all(submits);
    expect(await farm.store.jobs({ limit: 100 })).toHaveLength(31);
  });
});

describe('the data of a farm', () => {
  let server: TestRedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ appendFsync: 'no', settings: { maxmemory: '1gb', 'maxmemory-policy': 'allkeys-lru' } });
  });
  afterAll(() => server?.stop());

  it('is warned about on a server that may lose or drop it', async () => {
    const told: string[] = [];
    await openStore(server.url, 'warned', (what) => told.push(what));
    expect(told).toEqual(expect.arrayContaining(['redis-not-durable', 'redis-evicts']));
  });

  it.each(['3', '0', 'nonsense'])('is left alone when its layout is version %s', async (version) => {
    const link = await connectRedis({ url: server.url });
    const keys = createKeys(`layout-${version}`);
    await link.client.set(keys.schema, version);
    const store = createRedisTaskStore({ link, farm: `layout-${version}`, clock });
    await expect(store.start()).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(version === 'nonsense' ? 'layout' : version),
    });
    expect(await link.client.keys(`${keys.prefix}*`)).toEqual([keys.schema]);
    link.close();
  });

  it('is told which jobs have not ended when it comes from a version that did not list them', async () => {
    const farm = new Farm(await openStore(server.url, 'unlisted'));
    await farm.submit([], { jobId: 'ended' });
    await farm.submit([newTask('b-1')], { jobId: 'b' });
    await farm.submit([newTask('a-1')], { jobId: 'a' });
    const link = await connectRedis({ url: server.url });
    const keys = createKeys('unlisted');
    await link.client.del(`${keys.prefix}running`);
    await link.client.set(keys.schema, 1);
    const again = await openStore(server.url, 'unlisted');
    expect((await again.runningJobs()).map(({ jobId }) => jobId)).toEqual(['b', 'a']);
    expect(await link.client.get(keys.schema)).toBe('2');
    link.close();
  });

  it('is brought to the layout of this version step by step, each step once', async () => {
    const link = await connectRedis({ url: server.url });
    const keys = createKeys('migrated');
    await link.client.set(keys.schema, 1);
    const steps: number[] = [];
    const step = (version: number) => [version, { run: async () => void steps.push(version) }] as const;
    const target = { version: 3, migrations: new Map([step(2), step(3)]) };
    await checkSchema(link, keys, target);
    await checkSchema(link, keys, target);
    expect(steps).toEqual([2, 3]);
    expect(await link.client.get(keys.schema)).toBe('3');
    link.close();
  });
});
