import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkSchema } from '../../coordinator/store/redis/check-server.ts';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createKeys } from '../../coordinator/store/redis/keys.ts';
import { LAYOUT } from '../../coordinator/store/redis/layout.ts';
import { createRedisTaskStore } from '../../coordinator/store/redis/redis-task-store.ts';
import type { StoreEvent, TaskStore } from '../../coordinator/store/task-store.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { deviceOf, newTask, resultOf } from '../conformance/task-store/documents.ts';
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

  it.each(['4', '0', 'nonsense'])('is left alone when its layout is version %s', async (version) => {
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

  describe('while another version serves it', () => {
    const other = { coordinatorId: 'other', version: '0.0.9', url: 'http://127.0.0.1:4710', grpcAddress: '127.0.0.1:4711', startedAt: 1 };
    /** In the time to come: a slow machine is not to find that it has gone. */
    const JUST_NOW_MS = -600_000;
    const heardOf = async (layout: number, agoMs: number) => {
      const link = await connectRedis({ url: server.url });
      const farm = `beside-${layout}-${agoMs}`;
      const keys = createKeys(farm);
      await link.client.set(keys.schema, layout);
      await link.client.hset(keys.coordinators, 'other', JSON.stringify({ ...other, seenAt: clock.now() - agoMs }), 'odd', '{');
      opened.push(async () => link.close());
      return { farm, layout: () => link.client.get(keys.schema), start: () => createRedisTaskStore({ link, farm, clock }).start() };
    };
    const names = expect.stringMatching(/Grove 0\.0\.9 at http:\/\/127\.0\.0\.1:4710 .*Grove \d+\.\d+\.\d+ .*operations\.md/);

    it.each([1, 2])('keeps layout %d, and the newcomer says whom to stop', async (layout) => {
      const beside = await heardOf(layout, JUST_NOW_MS);
      await expect(beside.start()).rejects.toMatchObject({ code: 'invalid-config', message: names });
      await expect(beside.start()).rejects.toMatchObject({ message: expect.stringContaining('stop every coordinator') });
      expect(await beside.layout()).toBe(`${layout}`);
    });

    it('refuses a version that does not know its layout, and names the one that does', async () => {
      const beside = await heardOf(99, JUST_NOW_MS);
      await expect(beside.start()).rejects.toMatchObject({ code: 'invalid-config', message: names });
      expect(await beside.layout()).toBe('99');
    });

    it('is migrated once that one has gone', async () => {
      const beside = await heardOf(2, 60_000);
      await openStore(server.url, beside.farm);
      expect(await beside.layout()).toBe(String(LAYOUT));
    });
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
    expect(await link.client.get(keys.schema)).toBe('3');
    link.close();
  });

  it('gets its leases and hosts counted when it comes from a version that did not', async () => {
    const farm = new Farm(await openStore(server.url, 'uncounted'));
    await farm.hello('m', { devices: [deviceOf('m/cpu0', { labels: { pool: 'lab' } })] });
    await farm.hello('n');
    await farm.submit([newTask('a-1'), newTask('a-2')]);
    await farm.acquire('m');
    await farm.acquire('n');
    const link = await connectRedis({ url: server.url });
    const { prefix, schema } = createKeys('uncounted');
    await link.client.del(`${prefix}leases`);
    await link.client.hdel(`${prefix}counters`, 'host');
    await link.client.set(schema, 2);
    const again = await openStore(server.url, 'uncounted');
    expect(await again.leaseCounts()).toEqual({ 's ann': 2, 'p lab': 1, 'b ann lab': 1 });
    expect(await link.client.hget(`${prefix}counters`, 'host')).toBe('2');
    link.close();
  });

  it('is left alone by a coordinator that runs while another version changes its layout', async () => {
    const farm = new Farm(await openStore(server.url, 'overtaken'));
    await farm.submit([newTask('a-1')], { jobId: 'a' });
    const link = await connectRedis({ url: server.url });
    const { schema } = createKeys('overtaken');
    await link.client.set(schema, 99);
    const refused = { code: 'invalid-config', message: expect.stringContaining('layout 99') };
    await expect(farm.submit([newTask('b-1')])).rejects.toMatchObject(refused);
    await expect(farm.store.job('a')).rejects.toMatchObject(refused);
    await link.client.set(schema, 3);
    expect((await farm.store.jobs({ limit: 9 })).map(({ jobId }) => jobId)).toEqual(['a']);
    link.close();
  });

  it('is listed whole, also where one answer could not hold it', async () => {
    const farm = new Farm(await openStore(server.url, 'large'));
    const many = (jobId: string) => Array.from({ length: 2_500 }, (_, index) => newTask(`${jobId}-${index}-${'x'.repeat(100)}`, 'resolve'));
    const jobIds = ['j1', 'j2', 'j3', 'j4', 'j5', 'j6'];
    for (const jobId of jobIds) await farm.submit(many(jobId), { jobId });
    expect((await farm.store.jobs({ limit: 5 })).map(({ jobId }) => jobId)).toEqual(['j6', 'j5', 'j4', 'j3', 'j2']);
    expect((await farm.store.jobs({ limit: 9 })).map(({ jobId }) => jobId)).toEqual([...jobIds].reverse());
    await farm.hello('m');
    const held = await farm.acquire('m');
    const pending = { states: ['pending'] } as const;
    expect(await farm.store.tasksOf('j1', { ...pending, offset: 0, limit: 9_999 })).toHaveLength(2_499);
    const late = await farm.store.tasksOf('j1', { ...pending, offset: 2_300, limit: 2 });
    const ids = many('j1')
      .map(({ taskId }) => taskId)
      .filter((taskId) => taskId !== held.taskId);
    expect(late.map(({ taskId }) => taskId)).toEqual(ids.slice(2_300, 2_302));
  });

  it('shares its server with libraries of others; those of earlier versions go, and come back while a coordinator needs them', async () => {
    const link = await connectRedis({ url: server.url });
    const load = (name: string) =>
      link.client.function('LOAD', `#!lua name=${name}\nredis.register_function('${name}_f', function() return 1 end)`);
    const names = ['grove_000000000000', 'grove_0_0_1_000000000000', 'grove_99_0_0_000000000000', 'grovelike', 'grove_of_another'];
    for (const name of names) await load(name);
    await openStore(server.url, 'libraries');
    const left = JSON.stringify(await link.client.function('LIST'));
    expect(names.map((name) => left.includes(`"${name}"`))).toEqual([false, false, true, true, true]);
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
