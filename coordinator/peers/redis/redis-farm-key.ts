import { generatePrivateKey, type SigningKey } from '../../../platform/ed25519.ts';
import { parseFarmKey } from '../../evidence/farm-key.ts';
import type { RedisLink } from '../../store/redis/connect.ts';

/** The key all coordinators of a farm sign with: the first one that starts makes it. Throws `invalid-config` when something else is kept in its place. */
export async function openRedisFarmKey(link: RedisLink, prefix: string): Promise<SigningKey> {
  const key = `${prefix}farm-key`;
  await link.run((client) => client.setnx(key, generatePrivateKey()));
  return parseFarmKey(key, (await link.run((client) => client.get(key))) ?? '');
}
