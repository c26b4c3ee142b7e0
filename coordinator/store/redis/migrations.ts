import { decode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { leaseKeys } from '../../../domain/policy.ts';
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

const hotAgentSchema = z.object({ host: z.string(), leases: z.array(z.object({ task: z.string() })) });
const hotTaskSchema = z.object({ submitter: z.string(), pool: z.string().optional() });

/** Layout 3 has tasks that avoid a host and jobs with a deadline, counts the farm's hosts, and relies on the counts of leases that quotas brought. */
const countLeasesAndHosts: Migration = {
  async run(client, { prefix }) {
    const hosts = new Set<string>();
    const counts = new Map<string, number>();
    for (const agentId of await client.zrange(`${prefix}agents`, '0', '-1')) {
      const agent = await client.getBuffer(`${prefix}hot:agent:${agentId}`);
      if (agent === null) continue;
      const { host, leases } = hotAgentSchema.parse(decode(agent));
      hosts.add(host);
      for (const key of (await Promise.all(leases.map(({ task }) => keysOfLease(client, prefix, task)))).flat()) {
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    const change = client.multi().del(`${prefix}leases`).hset(`${prefix}counters`, 'host', hosts.size);
    if (counts.size > 0) change.hset(`${prefix}leases`, counts);
    await change.exec();
  },
};

async function keysOfLease(client: Redis, prefix: string, taskId: string): Promise<readonly string[]> {
  const task = await client.getBuffer(`${prefix}hot:task:${taskId}`);
  if (task === null) return [];
  const { submitter, pool } = hotTaskSchema.parse(decode(task));
  return leaseKeys(submitter, pool ?? null);
}

/** Version -> how data of the version before becomes it. Each may be interrupted and run again. */
export const MIGRATIONS: ReadonlyMap<number, Migration> = new Map([
  [2, listRunningJobs],
  [3, countLeasesAndHosts],
]);
