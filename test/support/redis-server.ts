import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** Longest that a server takes to start on a busy machine. */
const START_PATIENCE_MS = 20_000;

/** No server outlives the tests that started it, not even when the runner ends early. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export interface RedisServerOptions {
  /** `everysec` unless a test needs every answered command to be on disk; `no` = no append-only file at all. */
  readonly appendFsync?: 'always' | 'everysec' | 'no';
  /** Further settings, for example `{ maxmemory: '8mb' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A real Redis on a free port with its files in a temporary folder. */
export interface TestRedisServer {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  pid(): number;
  /** SIGKILL, as a power cut would. */
  kill(): Promise<void>;
  /** Starts again on the same port and folder. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts `redis-server` of PATH. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<TestRedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-redis-'));
  const port = await freePort();
  let child = await spawnServer(folder, port, options);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    pid: () => child.pid ?? 0,
    kill,
    restart: async () => {
      await kill();
      child = await spawnServer(folder, port, options);
    },
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function spawnServer(folder: string, port: number, { appendFsync = 'everysec', settings = {} }: RedisServerOptions) {
  const durable = appendFsync === 'no' ? { appendonly: 'no' } : { appendonly: 'yes', appendfsync: appendFsync };
  const all = { bind: '127.0.0.1', port: `${port}`, dir: folder, save: '', daemonize: 'no', ...durable, ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  living.add(child);
  child.once('exit', () => living.delete(child));
  await ready(child);
  return child;
}

/** Its log says when it takes connections; before that it may be loading. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => reject(new Error(`redis-server did not start:\n${log}`)), START_PATIENCE_MS);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (!log.includes('Ready to accept connections')) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('error', (error) => reject(new Error(`redis-server cannot be started (is it on PATH?): ${error.message}`)));
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${log}`)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** A server for tests that leave it running, and names no other test uses on it. */
export interface TestRedis {
  readonly url: string;
  /** Name of a farm that nobody else has. */
  farm(): string;
  /** Removes what the farms left behind, or the whole server when it was started here. */
  stop(): Promise<void>;
}

/** The server of `GROVE_TEST_REDIS_URL`, else one started here. */
export async function openTestRedis(): Promise<TestRedis> {
  const run = `test-${process.pid}-${Date.now().toString(36)}`;
  let count = 0;
  const farm = () => {
    count += 1;
    return `${run}-${count}`;
  };
  const external = process.env['GROVE_TEST_REDIS_URL'];
  if (external !== undefined && external !== '') return { url: external, farm, stop: () => removeKeys(external, `{grove:${run}-*`) };
  const server = await startRedisServer();
  return { url: server.url, farm, stop: () => server.stop() };
}

async function removeKeys(url: string, match: string): Promise<void> {
  const client = new Redis(url);
  for await (const keys of client.scanStream({ match, count: 1_000 })) {
    if (Array.isArray(keys) && keys.length > 0) await client.unlink(...keys.map(String));
  }
  client.disconnect();
}
