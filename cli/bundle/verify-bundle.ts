import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { z } from 'zod';
import { GroveError, type Problem } from '../../domain/errors.ts';
import {
  type EvidenceManifest,
  type EvidenceSignature,
  evidenceManifestSchema,
  evidenceSignatureSchema,
  MANIFEST_MEMBER,
  MAX_DOCUMENT_BYTES,
  SIGNATURE_MEMBER,
} from '../../domain/evidence.ts';
import { canonicalJson } from '../../domain/json.ts';
import { isSignedBy, keyIdOf } from '../../platform/ed25519.ts';
import { type ArchiveIndex, type ArchiveMember, type BundleProblem, readArchive, readBytes, withFile } from './read-archive.ts';

/** What a bundle says of itself, and what of it is not true. */
export interface VerifiedBundle {
  readonly file: string;
  /** Every difference from what was signed, by member; empty: not a byte is another. */
  readonly problems: readonly BundleProblem[];
  /** Undefined where it cannot be read. */
  readonly manifest: EvidenceManifest | undefined;
  readonly signature: EvidenceSignature | undefined;
  /** Whether the signing key was compared with one that the caller named. */
  readonly keyIsKnown: boolean;
  readonly members: ReadonlyMap<string, ArchiveMember>;
}

/** Bytes of a member in memory while it is hashed. */
const CHUNK_BYTES = 1_048_576;

/**
 * Holds a bundle against its manifest, the manifest against its signature and, where a key is named, the signature against that key. Reads every byte once;
 * memory stays at one document. Throws only what opening and reading the file throws.
 */
export function verifyBundle(path: string, key?: string): Promise<VerifiedBundle> {
  return withFile(path, async (file) => {
    const index = await readArchive(file);
    const members = new Map<string, ArchiveMember>();
    const repeated = index.members.filter((member) => members.size === members.set(member.path, members.get(member.path) ?? member).size);
    const manifest = await readDocument(file, index, { place: 0, name: MANIFEST_MEMBER, schema: evidenceManifestSchema });
    const signature = await readDocument(file, index, { place: 1, name: SIGNATURE_MEMBER, schema: evidenceSignatureSchema });
    const problems = [
      ...index.problems,
      ...repeated.map(({ path: member }) => ({ member, problem: 'it is there twice' })),
      ...manifest.problems,
      ...signature.problems,
      ...signatureProblems(manifest.bytes, signature.value, key),
      ...(manifest.value === undefined ? [] : await memberProblems(file, members, manifest.value)),
    ];
    return { file: path, problems, manifest: manifest.value, signature: signature.value, keyIsKnown: key !== undefined, members };
  });
}

/** Throws `invalid-bundle` with every problem. */
export function requireIntact({ file, problems }: Pick<VerifiedBundle, 'file' | 'problems'>): void {
  const [first] = problems;
  if (first === undefined) return;
  const all: Problem[] = problems.map(({ member, problem }) => ({ path: member || file, message: problem }));
  const problem = first.member === '' ? first.problem : `${first.member}: ${first.problem}`;
  throw new GroveError('invalid-bundle', { file, count: problems.length, problem }, { problems: all });
}

interface Place<T> {
  /** Position among the members. */
  readonly place: number;
  readonly name: string;
  readonly schema: z.ZodType<T>;
}

interface Document<T> {
  readonly bytes: Uint8Array;
  readonly value: T | undefined;
  readonly problems: readonly BundleProblem[];
}

async function readDocument<T>(file: FileHandle, { members }: ArchiveIndex, { place, name, schema }: Place<T>): Promise<Document<T>> {
  const nothing = (problem: string) => ({ bytes: new Uint8Array(), value: undefined, problems: [{ member: name, problem }] });
  const member = members[place];
  if (member?.path !== name) return nothing('it is not in its place at the beginning');
  if (member.sizeBytes > MAX_DOCUMENT_BYTES) return nothing(`it has more than ${MAX_DOCUMENT_BYTES} bytes`);
  const bytes = await readBytes(file, member.offset, member.sizeBytes);
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ...nothing(`it cannot be read: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`), bytes };
  }
  const isCanonical = Buffer.from(canonicalJson(parsed.data)).equals(bytes);
  return { bytes, value: parsed.data, problems: isCanonical ? [] : [{ member: name, problem: 'it is not spelt as bundles are' }] };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function signatureProblems(manifest: Uint8Array, signed: EvidenceSignature | undefined, key: string | undefined): BundleProblem[] {
  if (signed === undefined) return [];
  const problems: string[] = [];
  if (!isSignedBy(signed.publicKey, manifest, signed.signature))
    problems.push(`it is not a signature of ${MANIFEST_MEMBER} by the key it names`);
  if (keyIdOf(signed.publicKey) !== signed.keyId) problems.push('the key it names has another id');
  if (key !== undefined && key !== signed.publicKey)
    problems.push(`it was made with the key ${keyIdOf(signed.publicKey)}, not with ${keyIdOf(key)}`);
  return problems.map((problem) => ({ member: SIGNATURE_MEMBER, problem }));
}

async function memberProblems(
  file: FileHandle,
  members: ReadonlyMap<string, ArchiveMember>,
  { members: listed }: EvidenceManifest,
): Promise<BundleProblem[]> {
  const expected = new Set([MANIFEST_MEMBER, SIGNATURE_MEMBER, ...listed.map(({ path }) => path)]);
  const problems = [...members.keys()].filter((path) => !expected.has(path)).map((member) => ({ member, problem: 'nobody listed it' }));
  for (const { path, sha256, sizeBytes } of listed) {
    const member = members.get(path);
    if (member === undefined) problems.push({ member: path, problem: 'it is missing' });
    else if (member.sizeBytes !== sizeBytes) problems.push({ member: path, problem: `it has ${member.sizeBytes} bytes, not ${sizeBytes}` });
    else {
      const actual = await digestOfMember(file, member);
      if (actual !== sha256) problems.push({ member: path, problem: `its SHA-256 is ${actual}, not ${sha256}` });
    }
  }
  if (problems.length === 0 && [...expected].join('\n') !== [...members.keys()].join('\n'))
    problems.push({ member: '', problem: `its members are in another order than ${MANIFEST_MEMBER} lists them` });
  return problems;
}

async function digestOfMember(file: FileHandle, member: ArchiveMember): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of memberChunks(file, member)) hash.update(chunk);
  return hash.digest('hex');
}

/** The bytes of a member, a mebibyte at a time. */
export async function* memberChunks(file: FileHandle, { offset, sizeBytes }: ArchiveMember): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < sizeBytes; ) {
    const chunk = await readBytes(file, offset + done, Math.min(CHUNK_BYTES, sizeBytes - done));
    if (chunk.byteLength === 0) return;
    done += chunk.byteLength;
    yield chunk;
  }
}
