import { createHash, randomBytes } from 'node:crypto';
import type { EpochMs } from '../../../domain/ports.ts';
import type { GrantSigner } from './grants.ts';
import { PROBES } from './keys.ts';
import type { S3Bucket } from './s3-bucket.ts';

const ANNOUNCED = Buffer.from('what the probe of a store announces');
const CHANGED = Buffer.from('what the probe of a store delivers.');

/**
 * Whether the server proves what arrives over a signed URL: it has to refuse bytes with another SHA-256 and to take the right ones. Only then may agents
 * write a blob directly where everybody sees it.
 */
export async function verifiesChecksums(bucket: S3Bucket, signer: GrantSigner, now: EpochMs): Promise<boolean> {
  const key = `${PROBES}${randomBytes(8).toString('hex')}`;
  const blob = { sha256: createHash('sha256').update(ANNOUNCED).digest('hex'), sizeBytes: ANNOUNCED.byteLength };
  const { url, headers } = signer.put(blob, key, now);
  try {
    await bucket.send(url, headers, CHANGED);
    if ((await bucket.head(key)) !== undefined) return false;
    await bucket.send(url, headers, ANNOUNCED);
    return (await bucket.head(key)) !== undefined;
  } finally {
    await bucket.remove(key);
  }
}
