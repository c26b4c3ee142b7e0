import { spawnSync } from 'node:child_process';
import { startRedisServer } from '../../test/support/redis-server.ts';
import { S3_CREDENTIALS, S3Server } from '../../test/support/s3-server.ts';

/** What a farm of several coordinators keeps its state in, as real servers of this machine. */
export interface Services {
  /** Append-only file, synced every second. */
  readonly redisUrl: string;
  /** Of the Redis process. */
  readonly redisPid: number;
  /** Environment of a coordinator that uses both. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts Redis and an S3 server for as long as `work` takes. */
export async function withServices<T>(work: (services: Services) => Promise<T>): Promise<T> {
  const redis = await startRedisServer();
  try {
    const s3 = await S3Server.start('versitygw');
    try {
      const env = {
        GROVE_REDIS_URL: redis.url,
        GROVE_S3_URL: `${s3.url}/grove-bench`,
        GROVE_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
        GROVE_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      };
      return await work({ redisUrl: redis.url, redisPid: redis.pid(), env });
    } finally {
      await s3.stop();
    }
  } finally {
    await redis.stop();
  }
}

const PROGRAMS = { redis: () => 'redis-server', s3: () => process.env['GROVE_TEST_VERSITYGW'] ?? 'versitygw' } as const;

/** What a report says instead of figures that need a server this machine lacks; empty when it has them all. */
export function missingServers(...kinds: readonly (keyof typeof PROGRAMS)[]): readonly string[] {
  const missing = kinds.map((kind) => PROGRAMS[kind]()).filter((program) => spawnSync(program, ['--version']).error !== undefined);
  return missing.map((program) => `not measured on Redis: there is no ${program} on PATH`);
}
