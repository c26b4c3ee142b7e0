import type { Redis } from 'ioredis';
import { z } from 'zod';
import { GroveError } from '../../../domain/errors.ts';
import { VERSION } from '../../../platform/version.ts';
import type { RedisLink, RedisLog } from './connect.ts';
import type { Keys } from './keys.ts';
import { LAYOUT } from './layout.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/** Functions, and stream trimming by id. */
const LEAST_MAJOR_VERSION = 7;

/** Throws `invalid-config` for a server that cannot hold a farm, and warns through the log of one that may lose it. */
export async function checkServer(link: RedisLink, log: RedisLog): Promise<void> {
  const info = await link.run((client) => client.info('server', 'persistence', 'memory'));
  const fields = new Map(info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const));
  const version = fields.get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < LEAST_MAJOR_VERSION) {
    throw invalid(`Redis at ${link.address} is version ${version}; Grove needs ${LEAST_MAJOR_VERSION} or newer`);
  }
  if (fields.get('aof_enabled') !== '1') {
    log('redis-not-durable', { problem: 'appendonly is off: what was acknowledged last is lost when Redis stops', address: link.address });
  }
  const policy = fields.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    log('redis-evicts', { problem: `maxmemory-policy is ${policy}: Redis may drop tasks; it has to be noeviction`, address: link.address });
  }
}

/** Of what a coordinator says of itself every 3 s, whatever its version. */
const coordinatorSchema = z.object({ version: z.string().max(60), url: z.string().max(300), seenAt: z.number() });
/** One that was not heard of for this long is gone. */
const GONE_MS = 10_000;

/** Coordinators of this layout and before look at the layout at their start only, and would go on writing the old one. */
const LAST_UNAWARE_LAYOUT = 2;

/**
 * Makes sure that the farm's data has this code's layout. Throws `invalid-config` for data of a newer one, and for data of an older one that coordinators
 * still use which would not notice that it changes.
 */
export async function checkSchema(
  link: RedisLink,
  keys: Keys,
  options: { readonly version?: number; readonly migrations?: ReadonlyMap<number, Migration> } = {},
): Promise<void> {
  const { version = LAYOUT, migrations = MIGRATIONS } = options;
  await link.run(async (client) => {
    await client.set(keys.schema, version, 'NX');
    const stored = Number(await client.get(keys.schema));
    if (!(stored <= version)) throw invalid(await newerLayout(client, { link, keys, stored, version }));
    if (stored < version && stored <= LAST_UNAWARE_LAYOUT) await refuseBesideUnaware(client, { link, keys, stored, version });
    for (let next = stored + 1; next <= version; next += 1) {
      const migrate = migrations.get(next);
      if (migrate === undefined) throw invalid(`the data at ${link.address} has layout ${stored}; no step leads from there to ${next}`);
      await migrate.run(client, keys);
      await client.set(keys.schema, next);
    }
  });
}

interface Layouts {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly stored: number;
  readonly version: number;
}

async function newerLayout(client: Redis, { link, keys, stored, version }: Layouts): Promise<string> {
  const others = await presentCoordinators(client, keys);
  const whose = others.length === 0 ? '' : `, which ${others.join(' and ')} keep${others.length === 1 ? 's' : ''}`;
  const mine = `this one is Grove ${VERSION} with layout ${version}`;
  return `the data at ${link.address} has layout ${stored}${whose}; ${mine}: start the version of the others (docs/operations.md, Upgrades)`;
}

async function refuseBesideUnaware(client: Redis, { link, keys, stored, version }: Layouts): Promise<void> {
  const others = await presentCoordinators(client, keys);
  if (others.length === 0) return;
  const who = `${others.join(' and ')} still use${others.length === 1 ? 's' : ''} the data at ${link.address} with layout ${stored}`;
  const why = `and would not notice that Grove ${VERSION} changes it to ${version}`;
  throw invalid(`${who} ${why}: stop every coordinator, then start the new ones (docs/operations.md, Upgrades)`);
}

/** Those heard of lately, by version and address. */
async function presentCoordinators(client: Redis, { coordinators }: Keys): Promise<readonly string[]> {
  const [seconds] = await client.time();
  const entries = (await client.hvals(coordinators)).flatMap((text) => coordinatorSchema.safeParse(parsed(text)).data ?? []);
  const present = entries.filter(({ seenAt }) => seenAt >= Number(seconds) * 1_000 - GONE_MS);
  return present.map(({ version, url }) => `Grove ${version} at ${url}`).sort();
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(problem: string): GroveError {
  return new GroveError('invalid-config', { where: 'store', problem });
}
