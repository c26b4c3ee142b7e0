import { decode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Keys } from './keys.ts';

/** Brings a farm's data from one version of the layout to the next. */
export interface Migration {
  run(client: Redis, keys: Keys): Promise<void>;
}

/** Jobs read at once. */
const PAGE = 500;

const hotJobSchema = z.object({ state: z.string() });

/** Layout 2 has a list of the jobs that have not ended. */
const listRunningJobs: Migration = {
  async run(client, { prefix }) {
    for (let from = 0; ; from += PAGE) {
      const found = await client.zrange(`${prefix}jobs`, String(from), String(from + PAGE - 1), 'WITHSCORES');
      for (let index = 0; index < found.length; index += 2) await listIfRunning(client, prefix, found.slice(index, index + 2));
      if (found.length < PAGE * 2) return;
    }
  },
};

async function listIfRunning(client: Redis, prefix: string, [jobId = '', ordinal = '']: readonly string[]): Promise<void> {
  const hot = await client.getBuffer(`${prefix}hot:job:${jobId}`);
  if (hot !== null && hotJobSchema.parse(decode(hot)).state === 'running') await client.zadd(`${prefix}running`, ordinal, jobId);
}

/** Version -> how data of the version before becomes it. Each may be interrupted and run again. */
export const MIGRATIONS: ReadonlyMap<number, Migration> = new Map([[2, listRunningJobs]]);
