import { toGroveError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/ports.ts';
import { sha256 } from '../platform/sha256.ts';
import type { ArtifactStore } from './artifacts/artifact-store.ts';
import { attemptHasEnded } from './attempt-has-ended.ts';
import type { FarmState, Trouble } from './farm-state.ts';
import type { OpenRequest } from './open-request.ts';
import { FarmClock } from './peers/farm-clock.ts';
import { RedisAccessStore } from './peers/redis/redis-access-store.ts';
import { openRedisBroadcast } from './peers/redis/redis-broadcast.ts';
import { openRedisFarmKey } from './peers/redis/redis-farm-key.ts';
import { readRedisHealth } from './peers/redis/redis-health.ts';
import { RedisImportStore } from './peers/redis/redis-import-store.ts';
import { RedisPinStore } from './peers/redis/redis-pin-store.ts';
import { RedisRoll } from './peers/redis/redis-roll.ts';
import { RedisTaskLogs } from './peers/redis/redis-task-logs.ts';
import { createRedisTurn } from './peers/redis/redis-turn.ts';
import { createArchiver } from './store/redis/archiver.ts';
import { connectRedis, type RedisLink } from './store/redis/connect.ts';
import { createKeys } from './store/redis/keys.ts';
import { createRedisTaskStore } from './store/redis/redis-task-store.ts';
import type { StoreConfig } from './store/store-config.ts';

const DAY_MS = 24 * 3_600_000;

/** The farm in Redis, with any number of coordinators. Throws `invalid-config` and `store-unavailable`. */
export async function openRedisFarm(
  config: Extract<StoreConfig, { kind: 'redis' }>,
  { undo, ports, log, coordinatorId, artifacts }: OpenRequest & { readonly artifacts: ArtifactStore },
): Promise<FarmState> {
  const { url, password, farm, caFile } = config;
  const storeLog = (what: string, fields: Readonly<Record<string, unknown>>): void => log('store-event', { what, ...fields });
  const secrets = { ...(password !== null && { password }), ...(caFile !== null && { caFile }) };
  const link = await connectRedis({ url, ...secrets, log: storeLog });
  undo.add(() => link.close());
  const troubled = new Set<(trouble: Trouble) => void>();
  const trouble = (what: Trouble): void => {
    for (const listener of troubled) listener(what);
  };
  const clock = await FarmClock.start({
    base: ports.clock,
    readTime: () => readTime(link),
    onJump: (byMs) => {
      log('clock-jumped', { byMs });
      trouble('clock-jump');
    },
    onError: (error) => log('clock-not-measured', { error: toGroveError(error).message }),
  });
  undo.add(() => clock.stop());
  undo.add(
    link.onReconnect(() => {
      trouble('store-reconnect');
      void clock.measure().catch((error: unknown) => log('clock-not-measured', { error: toGroveError(error).message }));
    }),
  );
  const store = createRedisTaskStore({ link, farm, clock, sha256, log: storeLog, archive: artifacts });
  await store.start();
  undo.add(() => store.stop());
  const { prefix, coordinators } = createKeys(farm);
  const archiveTurn = createRedisTurn({ link, key: `${prefix}turn:archive`, coordinatorId });
  const archiver = createArchiver({
    store,
    clock,
    retentionMs: config.archiveAfterDays * DAY_MS,
    isMyTurn: () => archiveTurn.isMine(),
    onArchived: (jobs) => storeLog('jobs-archived', { jobs }),
    onError: (error) => storeLog('jobs-not-archived', { problem: toGroveError(error).message }),
  });
  archiver.start();
  undo.add(() => archiver.stop());
  const broadcast = await openRedisBroadcast({ link, prefix, coordinatorId, log: storeLog });
  const logs = new RedisTaskLogs({
    link,
    prefix,
    broadcast,
    hasEnded: (taskId, attempt) => attemptHasEnded(store, taskId, attempt),
    onError: (taskId, error) => log('log-write-failed', { taskId, error: toGroveError(error).message }),
  });
  undo.add(() => logs.stop());
  return {
    clock,
    store,
    logs,
    imports: new RedisImportStore(link, prefix),
    pins: new RedisPinStore(link, prefix),
    key: await openRedisFarmKey(link, prefix),
    accessStore: new RedisAccessStore(link, prefix),
    broadcast,
    roll: new RedisRoll({ link, key: coordinators, clock }),
    reaperTurn: createRedisTurn({ link, key: `${prefix}turn:reaper`, coordinatorId }),
    health: () => readRedisHealth({ link, clock }),
    onTrouble: (listener) => void troubled.add(listener),
  };
}

/** Redis answers seconds and microseconds. */
async function readTime(link: RedisLink): Promise<EpochMs> {
  const [seconds, microseconds] = await link.run((client) => client.time());
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}
