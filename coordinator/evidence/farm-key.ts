import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Files } from '../../domain/ports.ts';
import { generatePrivateKey, readPrivateKey, type SigningKey } from '../../platform/ed25519.ts';
import { requireOwnerOnly } from '../../platform/owner-only.ts';

const FILE = 'farm-key.pem';

/** The key of a farm in a file of its coordinator's folder, made when there is none. Throws `invalid-config` for a file that is no key or that others may read. */
export async function openFileFarmKey(folder: string, files: Files): Promise<SigningKey> {
  const path = join(folder, FILE);
  const known = await files.read(path);
  if (known === undefined) await files.writeAtomic(path, Buffer.from(generatePrivateKey()));
  await requireOwnerOnly(path);
  return parseFarmKey(path, new TextDecoder().decode(known ?? (await files.read(path))));
}

/** Throws `invalid-config`. */
export function parseFarmKey(where: string, pem: string): SigningKey {
  const key = readPrivateKey(pem);
  if (key !== undefined) return key;
  throw new GroveError('invalid-config', { where, problem: 'it holds no Ed25519 private key in PEM' });
}
