import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis, type RedisLink } from '../../coordinator/store/redis/connect.ts';
import { createKeys } from '../../coordinator/store/redis/keys.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { openTestRedis, startRedisServer, type TestRedisServer } from '../support/redis-server.ts';

const PASSWORD = 'pass-word-2f9c';

describe('the link to Redis', () => {
  let server: TestRedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ appendFsync: 'no', settings: { requirepass: PASSWORD } });
  });
  afterAll(() => server?.stop());

  const addressOf = (credentials: string) => `redis://${credentials}127.0.0.1:${server.port}/0`;

  it('takes a password from the URL or beside it', async () => {
    for (const target of [{ url: addressOf(`:${PASSWORD}@`) }, { url: addressOf(''), password: PASSWORD }]) {
      const link = await connectRedis(target);
      expect(await link.run((client) => client.ping())).toBe('PONG');
      link.close();
    }
  });

  it.each([
    ['no password', ''],
    ['a wrong password', ':guess@'],
  ])('says of %s that the configuration is wrong, without showing it', async (_, credentials) => {
    const told: unknown[] = [];
    const connecting = connectRedis({ url: addressOf(credentials), log: (what, fields) => told.push(what, fields) });
    await expect(connecting).rejects.toMatchObject({
      code: 'invalid-config',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
    expect(JSON.stringify(told)).not.toContain('guess');
  });

  it.each(['http://127.0.0.1:6379', 'redis://', 'nonsense', 'redis://h:1/zero'])('refuses the address %s', async (url) => {
    expect(await codeOf(connectRedis({ url }))).toBe('invalid-config');
  });

  it('refuses commands as retryable when nobody answers in time', async () => {
    const gone = await startRedisServer({ appendFsync: 'no' });
    const link = await connectRedis({ url: gone.url });
    await gone.stop();
    await expect(link.run((client) => client.get(createKeys('x').schema))).rejects.toMatchObject({
      code: 'store-unavailable',
      spec: { retryable: true },
    });
    link.close();
    expect(await codeOf(connectRedis({ url: gone.url }))).toBe('store-unavailable');
  });

  it('comes back after a restart and tells of it', async () => {
    const volatile = await startRedisServer({ appendFsync: 'no' });
    const link: RedisLink = await connectRedis({ url: volatile.url });
    let returned = 0;
    link.onReconnect(() => {
      returned += 1;
    });
    await volatile.restart();
    expect(await link.run((client) => client.ping())).toBe('PONG');
    expect(returned).toBe(1);
    link.close();
    await volatile.stop();
  });

  it('says why a server does not take a change', async () => {
    const full = await startRedisServer({ appendFsync: 'no', settings: { maxmemory: '1mb', 'maxmemory-policy': 'noeviction' } });
    const link = await connectRedis({ url: full.url });
    await expect(link.run((client) => client.set('key', 'x'.repeat(2_000_000)).then(() => client.set('key', 'y')))).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('memory limit'),
    });
    link.close();
    await full.stop();
  });

  it('gives blocking readers a connection of their own that ends with the link', async () => {
    const redis = await openTestRedis();
    const link = await connectRedis({ url: redis.url });
    const reader = link.dedicated('reader');
    const ended = new Promise((resolve) => reader.once('end', resolve));
    const waiting = reader.blpop(createKeys(redis.farm()).events, 60).catch(() => 'closed');
    expect(await link.run((client) => client.ping())).toBe('PONG');
    link.close();
    expect(await waiting).toBe('closed');
    await ended;
    await redis.stop();
  });
});
