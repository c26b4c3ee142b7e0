import { GroveError } from '../../../domain/errors.ts';
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

/** Makes sure that the farm's data has this code's layout. Throws `invalid-config` for data of a newer one. */
export async function checkSchema(
  link: RedisLink,
  keys: Keys,
  options: { readonly version?: number; readonly migrations?: ReadonlyMap<number, Migration> } = {},
): Promise<void> {
  const { version = LAYOUT, migrations = MIGRATIONS } = options;
  await link.run(async (client) => {
    await client.set(keys.schema, version, 'NX');
    const stored = Number(await client.get(keys.schema));
    if (!(stored <= version))
      throw invalid(`the data at ${link.address} has layout ${stored}, which this version of Grove (layout ${version}) does not know`);
    for (let next = stored + 1; next <= version; next += 1) {
      const migrate = migrations.get(next);
      if (migrate === undefined) throw invalid(`the data at ${link.address} has layout ${stored}; no step leads from there to ${next}`);
      await migrate.run(client, keys);
      await client.set(keys.schema, next);
    }
  });
}

function invalid(problem: string): GroveError {
  return new GroveError('invalid-config', { where: 'store', problem });
}
