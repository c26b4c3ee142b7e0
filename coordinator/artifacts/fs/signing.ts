import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { GroveError } from '../../../domain/errors.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { SignedRequest } from '../signed-blobs.ts';

const KEY_BYTES = 32;

/** Signs and checks URLs. The signature covers method, digest, size and expiry: none of them can be changed by the holder. */
export class UrlSigner {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  sign(request: Omit<SignedRequest, 'signature'>): string {
    const { method, blob, expiresAt } = request;
    return createHmac('sha256', this.#key)
      .update(`grove-artifact-v1\n${method}\n${blob.sha256}\n${blob.sizeBytes}\n${expiresAt}`)
      .digest('base64url');
  }

  /** Throws `grant-refused`. */
  verify(request: SignedRequest, now: EpochMs): void {
    const expected = Buffer.from(this.sign(request));
    const actual = Buffer.from(request.signature);
    const equal = expected.byteLength === actual.byteLength && timingSafeEqual(expected, actual);
    if (!equal) throw new GroveError('grant-refused', { problem: 'its signature does not fit' });
    if (now >= request.expiresAt) throw new GroveError('grant-refused', { problem: 'it has expired' });
  }
}

/**
 * The key in `path`, made on first use and readable by its owner only. Two processes that make it at once agree on one. Throws `invalid-config` when
 * the file holds something else.
 */
export async function loadSigningKey(path: string): Promise<Buffer> {
  const made = randomBytes(KEY_BYTES);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.write(made);
      await file.sync();
    } finally {
      await file.close();
    }
    return made;
  } catch (error) {
    if (!isExisting(error)) throw error;
  }
  const key = await readFile(path);
  if (key.byteLength !== KEY_BYTES)
    throw new GroveError('invalid-config', { where: path, problem: `it has ${key.byteLength} bytes, not ${KEY_BYTES}: delete it` });
  return key;
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
