import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Evidence } from '../../coordinator/evidence/collect-evidence.ts';
import { writeBundle } from '../../coordinator/evidence/write-bundle.ts';
import { type EvidenceManifest, MANIFEST_MEMBER, SIGNATURE_MEMBER } from '../../domain/evidence.ts';
import { canonicalJson } from '../../domain/json.ts';
import { generatePrivateKey, readPrivateKey, type SigningKey } from '../../platform/ed25519.ts';
import { sha256 } from '../../platform/sha256.ts';
import { TAR_END, tarHeader, tarPaddingBytes } from '../../platform/tar.ts';

/** A new key. */
export function newKey(): SigningKey {
  const key = readPrivateKey(generatePrivateKey());
  if (key === undefined) throw new Error('no key');
  return key;
}

/** One entry of an archive, whatever it says. */
export type Entry = readonly [path: string, bytes: Uint8Array];

export const entryOf = (path: string, text: string): Entry => [path, Buffer.from(text)];

/** An archive of these entries, signed or not. */
export function archiveOf(entries: readonly Entry[]): Buffer {
  const members = entries.flatMap(([path, bytes]) => [
    tarHeader({ path, sizeBytes: bytes.byteLength }),
    bytes,
    new Uint8Array(tarPaddingBytes(bytes.byteLength)),
  ]);
  return Buffer.concat([...members, TAR_END]);
}

/** A manifest of entries as their farm would have written it. */
export function manifestOf(entries: readonly Entry[], change: Partial<EvidenceManifest> = {}): EvidenceManifest {
  const members = entries.map(([path, bytes]) => ({ path, sha256: sha256(bytes), sizeBytes: bytes.byteLength }));
  return { schemaVersion: 1, type: 'grove-evidence', groveVersion: '1', taskId: 'b-1', members, leftOut: [], ...change };
}

/** Manifest and signature of anything, by whoever holds the key: an attacker has one too. */
export function signedHead(manifest: unknown, key: SigningKey): readonly Entry[] {
  const bytes = Buffer.from(canonicalJson(manifest));
  const { keyId, publicKey } = key;
  const signature = { schemaVersion: 1, algorithm: 'ed25519', keyId, publicKey, signature: key.sign(bytes) };
  return [[MANIFEST_MEMBER, bytes], entryOf(SIGNATURE_MEMBER, canonicalJson(signature))];
}

/** A bundle as a coordinator sends it; `stored` lies in its artifact store. */
export async function bundleOf(documents: readonly Entry[], stored: readonly Entry[], key: SigningKey): Promise<Buffer> {
  const evidence: Evidence = { manifest: manifestOf([...documents, ...stored]), documents: new Map(documents) };
  const byDigest = new Map(stored.map(([, bytes]) => [createHash('sha256').update(bytes).digest('hex'), bytes]));
  const artifacts = { open: async (digest: string) => Readable.from([Buffer.from(byDigest.get(digest) ?? [])]) };
  const { sizeBytes, chunks } = writeBundle(evidence, { key, artifacts });
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  const bundle = Buffer.concat(parts);
  if (bundle.byteLength !== sizeBytes) throw new Error(`${bundle.byteLength} bytes were sent, ${sizeBytes} announced`);
  return bundle;
}
