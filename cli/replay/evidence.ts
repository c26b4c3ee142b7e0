import { createHash } from 'node:crypto';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import {
  ENVIRONMENT_MEMBER,
  type EvidenceEnvironment,
  type EvidenceManifest,
  type EvidenceResult,
  evidenceEnvironmentSchema,
  evidenceResultSchema,
  MAX_DOCUMENT_BYTES,
  MODEL_FOLDER,
  RECIPE_MEMBER,
  REFERENCE_FOLDER,
  RESULT_MEMBER,
} from '../../domain/evidence.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { sha256File } from '../../platform/sha256.ts';
import { withFile } from '../bundle/read-archive.ts';
import { memberChunks, requireIntact, type VerifiedBundle } from '../bundle/verify-bundle.ts';

/** A bundle that says what it was signed to say, as a replay needs it. */
export interface Evidence {
  readonly manifest: EvidenceManifest;
  readonly result: EvidenceResult;
  readonly report: BenchmarkReport;
  readonly environment: EvidenceEnvironment;
  readonly recipeText: string;
}

/** Throws `invalid-bundle` for a bundle that is not intact, `invalid-argument` for one without a measurement. */
export async function readEvidence(bundle: VerifiedBundle): Promise<Evidence> {
  requireIntact(bundle);
  const { manifest, file } = bundle;
  if (manifest === undefined) throw broken(file, 'it has no manifest');
  const result = await readDocument(bundle, RESULT_MEMBER, evidenceResultSchema);
  const environment = await readDocument(bundle, ENVIRONMENT_MEMBER, evidenceEnvironmentSchema);
  const recipeText = (await readMember(bundle, RECIPE_MEMBER)).toString();
  if (result.report === null) {
    const why = result.error === null ? result.state : `${result.state}/${result.error.code}`;
    throw new GroveError('invalid-argument', {
      problem: `there is nothing to replay: ${result.taskId} ended as ${why} and measured nothing`,
    });
  }
  return { manifest, result, report: result.report, environment, recipeText };
}

/** Where the files of a replay lie. */
export interface ReplayFiles {
  readonly modelFolder: string;
  /** Null when the bundle has none. */
  readonly referenceFolder: string | null;
}

/**
 * Writes the model and the Reference of an intact bundle below a folder, each file proven again while it is written. What a bundle without its model lacks comes from
 * `modelFolder`. Throws `invalid-argument` where nobody has it, `digest-mismatch` for other bytes.
 */
export async function unpackEvidence(
  bundle: VerifiedBundle,
  { manifest }: Pick<Evidence, 'manifest'>,
  { folder, modelFolder }: { readonly folder: string; readonly modelFolder: string | undefined },
): Promise<ReplayFiles> {
  const wanted = manifest.members.filter(({ path }) => isBelow(path, MODEL_FOLDER) || isBelow(path, REFERENCE_FOLDER));
  for (const member of wanted) await unpackMember(bundle, member, join(folder, ...member.path.split('/')));
  const missing = manifest.leftOut.filter(({ path }) => isBelow(path, MODEL_FOLDER));
  if (missing.length > 0 && modelFolder === undefined)
    throw new GroveError('invalid-argument', {
      problem: `the bundle was made without its model: give the folder of it with --model (${missing.map(({ path }) => path).join(', ')})`,
    });
  for (const { path, sha256: expected } of missing) {
    const target = join(folder, ...path.split('/'));
    const source = join(resolve(modelFolder ?? ''), ...path.split('/').slice(1));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target).catch((cause: unknown) => {
      throw new GroveError('not-found', { kind: 'file of the model', id: source }, { cause });
    });
    const { sha256: actual } = await sha256File(target);
    if (actual !== expected) throw new GroveError('digest-mismatch', { what: source, actual, expected });
  }
  const hasReference = wanted.some(({ path }) => isBelow(path, REFERENCE_FOLDER));
  const isWhole = !manifest.leftOut.some(({ path, why }) => isBelow(path, REFERENCE_FOLDER) && why === 'not-stored');
  return { modelFolder: join(folder, MODEL_FOLDER), referenceFolder: hasReference && isWhole ? join(folder, REFERENCE_FOLDER) : null };
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

async function unpackMember(
  { file: path, members }: VerifiedBundle,
  { path: name, sha256: expected }: EvidenceManifest['members'][number],
  target: string,
): Promise<void> {
  const member = members.get(name);
  if (member === undefined) throw broken(path, `${name} is missing`);
  await mkdir(dirname(target), { recursive: true });
  const hash = createHash('sha256');
  const out = await open(target, 'wx');
  try {
    await withFile(path, async (file) => {
      for await (const chunk of memberChunks(file, member)) {
        hash.update(chunk);
        await out.appendFile(chunk);
      }
    });
  } finally {
    await out.close();
  }
  const actual = hash.digest('hex');
  if (actual !== expected) throw new GroveError('digest-mismatch', { what: name, actual, expected });
}

async function readDocument<T>(bundle: VerifiedBundle, name: string, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(JSON.parse((await readMember(bundle, name)).toString()));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw broken(bundle.file, `${name} is of a version that cannot be read: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

async function readMember({ file: path, members }: VerifiedBundle, name: string): Promise<Buffer> {
  const member = members.get(name);
  if (member === undefined || member.sizeBytes > MAX_DOCUMENT_BYTES) throw broken(path, `${name} is missing or too large`);
  return withFile(path, async (file) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of memberChunks(file, member)) chunks.push(chunk);
    return Buffer.concat(chunks);
  });
}

function broken(file: string, problem: string): GroveError {
  return new GroveError('invalid-bundle', { file, count: 1, problem });
}
