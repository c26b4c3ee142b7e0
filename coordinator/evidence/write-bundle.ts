import { createHash } from 'node:crypto';
import { GroveError } from '../../domain/errors.ts';
import { type EvidenceMember, type EvidenceSignature, MANIFEST_MEMBER, SIGNATURE_MEMBER } from '../../domain/evidence.ts';
import { canonicalJson } from '../../domain/json.ts';
import type { SigningKey } from '../../platform/ed25519.ts';
import { TAR_END, tarHeader, tarPaddingBytes, tarSizeBytes } from '../../platform/tar.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Evidence } from './collect-evidence.ts';

/** A bundle as it is sent: its size is known before its first byte. */
export interface BundleStream {
  readonly sizeBytes: number;
  /** Throws `digest-mismatch` where the artifact store gives other bytes than a member has. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Lays the members out as a tar archive behind their manifest and its signature; blobs are read while they are sent. */
export function writeBundle(
  { manifest, documents }: Evidence,
  { key, artifacts }: { readonly key: SigningKey; readonly artifacts: Pick<ArtifactStore, 'open'> },
): BundleStream {
  const manifestBytes = Buffer.from(canonicalJson(manifest));
  const signature: EvidenceSignature = {
    schemaVersion: 1,
    algorithm: 'ed25519',
    keyId: key.keyId,
    publicKey: key.publicKey,
    signature: key.sign(manifestBytes),
  };
  const head = [
    [MANIFEST_MEMBER, manifestBytes] as const,
    [SIGNATURE_MEMBER, Buffer.from(canonicalJson(signature))] as const,
    ...documents,
  ];
  const blobs = manifest.members.filter(({ path }) => !documents.has(path));
  const members = [...head.map(([path, bytes]) => ({ path, sizeBytes: bytes.byteLength })), ...blobs];
  // Every header once before the first byte is sent: a path that does not fit is refused in words.
  for (const member of members) tarHeader(member);
  return { sizeBytes: tarSizeBytes(members), chunks: chunksOf(head, blobs, artifacts) };
}

async function* chunksOf(
  head: readonly (readonly [string, Uint8Array])[],
  blobs: readonly EvidenceMember[],
  artifacts: Pick<ArtifactStore, 'open'>,
): AsyncGenerator<Uint8Array> {
  for (const [path, bytes] of head) {
    yield tarHeader({ path, sizeBytes: bytes.byteLength });
    yield bytes;
    yield new Uint8Array(tarPaddingBytes(bytes.byteLength));
  }
  for (const blob of blobs) {
    yield tarHeader(blob);
    yield* checked(blob, artifacts);
    yield new Uint8Array(tarPaddingBytes(blob.sizeBytes));
  }
  yield TAR_END;
}

async function* checked({ path, sha256, sizeBytes }: EvidenceMember, artifacts: Pick<ArtifactStore, 'open'>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let sentBytes = 0;
  const stream: AsyncIterable<Buffer> = await artifacts.open(sha256);
  for await (const chunk of stream) {
    sentBytes += chunk.byteLength;
    if (sentBytes > sizeBytes) break;
    hash.update(chunk);
    yield chunk;
  }
  const actual = hash.digest('hex');
  if (sentBytes !== sizeBytes || actual !== sha256) throw new GroveError('digest-mismatch', { what: path, actual, expected: sha256 });
}
