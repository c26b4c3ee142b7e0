import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ChaosCoordinator } from '../../bench/chaos/chaos-coordinator.ts';
import { examineFarm } from '../../cli/doctor/examine-farm.ts';
import { connectRedis } from '../../coordinator/store/redis/connect.ts';
import { eventually } from '../support/grove-process.ts';
import { startRedisServer, type TestRedisServer } from '../support/redis-server.ts';
import { S3_CREDENTIALS, S3Server } from '../support/s3-server.ts';

let folder: string;
let redis: TestRedisServer;
let s3: S3Server;
let coordinators: readonly ChaosCoordinator[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-doctor-'));
  redis = await startRedisServer();
  s3 = await S3Server.start('versitygw');
  const env = {
    GROVE_REDIS_URL: redis.url,
    GROVE_S3_URL: `${s3.url}/grove-doctor`,
    GROVE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    GROVE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
  };
  coordinators = ['one', 'two'].map((name) => new ChaosCoordinator(name, { folder, env }));
  for (const coordinator of coordinators) await coordinator.start();
}, 180_000);
afterAll(async () => {
  await Promise.all(coordinators.map((coordinator) => coordinator.kill()));
  await redis?.stop();
  await s3?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** What the examination of the first coordinator finds wrong. How fast this machine is just now is not what is tested. */
async function examined() {
  const [first = expect.unreachable()] = coordinators;
  const findings = await examineFarm(first.client);
  const wrong = findings.filter(({ level, what }) => level !== 'ok' && !what.startsWith('the task store answers in'));
  expect(wrong.every(({ fix }) => fix !== '')).toBe(true);
  return { examined: findings.length, wrong: wrong.map(({ level, what }) => `${level}: ${what}`) };
}

it('grove doctor finds a deployment sound, and says of each part that fails which it is', async () => {
  const NO_AGENT = 'warning: no agent has ever connected';
  await eventually(async () => (await examined()).wrong.join() === NO_AGENT, 'a sound deployment');
  expect((await examined()).examined).toBeGreaterThanOrEqual(10);

  const link = await connectRedis({ url: redis.url });
  await link.client.config('SET', 'appendonly', 'no', 'maxmemory-policy', 'allkeys-lru');
  const { wrong } = await examined();
  expect(wrong).toContainEqual(expect.stringMatching(/^problem: Redis keeps no append-only file/));
  expect(wrong).toContainEqual(expect.stringMatching(/^problem: Redis drops data/));
  await link.client.config('SET', 'appendonly', 'yes', 'maxmemory-policy', 'noeviction');
  link.close();

  await s3.kill();
  await eventually(
    async () => (await examined()).wrong.some((what) => /^problem: the artifact store \(s3\) does not work/.test(what)),
    'the missing artifact store',
  );
  expect((await examined()).wrong).toContainEqual(expect.stringMatching(/^problem: a blob cannot be stored from this machine/));
  await s3.start();

  await coordinators[1]?.kill();
  await eventually(
    async () => (await examined()).wrong.some((what) => /^warning: only one coordinator serves/.test(what)),
    'the missing coordinator',
  );
  await eventually(async () => !(await examined()).wrong.some((what) => what.startsWith('problem')), 'the rest to be sound');
}, 300_000);
