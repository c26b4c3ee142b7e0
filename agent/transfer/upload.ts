import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { assertPortablePath, type Blob, type FileMap, MAX_MANIFEST_FILES } from '../../domain/manifest.ts';
import type { Grant } from '../../domain/protocol.ts';
import { sha256File } from '../../platform/sha256.ts';
import type { TaskContext } from '../runner/stage.ts';
import { GRANT_BATCH } from './download.ts';
import { type Transfer, uploadFile } from './http.ts';
import { pause, withRetries } from './retry.ts';

/** Questions for one blob: far more than the largest has parts, so that a store that never confirms ends the stage. */
const MAX_ROUNDS = 2_000;
/** Between questions while the store proves a large blob. */
const PROVING_MS = 1_000;

/** Manifest path -> path on this machine. */
export type LocalFiles = Readonly<Record<string, string>>;

/** Every file below a folder by its `/`-separated relative path. Throws `unsafe-path` for names that are not portable and `too-large` for too many. */
export async function filesBelow(folder: string): Promise<LocalFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length > MAX_MANIFEST_FILES)
    throw new GroveError('too-large', { what: `The list of files of ${folder}`, sizeBytes: files.length, limitBytes: MAX_MANIFEST_FILES });
  return Object.fromEntries(files.sort().map((path) => [portable(relative(folder, path)), path]));
}

function portable(path: string): string {
  const name = path.split(sep).join('/');
  assertPortablePath(name);
  return name;
}

/**
 * Hashes and uploads files, those excepted that the store has already, and returns them as a manifest.
 * Throws `transfer-failed`, what the coordinator refuses with, and the signal's reason.
 */
export async function uploadFiles(
  files: LocalFiles,
  context: TaskContext,
  onBytes: (doneBytes: number) => void = () => {},
): Promise<FileMap> {
  const hashed = new Map<string, Blob>();
  for (const [name, path] of Object.entries(files)) hashed.set(name, await sha256File(path, context.signal));
  const pathOf = new Map([...hashed].map(([name, blob]) => [blob.sha256, files[name] ?? '']));
  const blobs = [...new Map([...hashed.values()].map((blob) => [blob.sha256, blob])).values()];
  let doneBytes = 0;
  for (let start = 0; start < blobs.length; start += GRANT_BATCH) {
    const batch = blobs.slice(start, start + GRANT_BATCH);
    const grants = await withRetries(context, 'Asking where files go', () => context.grants('put', batch));
    for (const grant of grants) {
      const blob = batch.find(({ sha256 }) => sha256 === grant.sha256);
      if (blob === undefined) continue;
      if (!grant.present) await upload(blob, grant, { context, path: pathOf.get(blob.sha256) ?? '' });
      doneBytes += blob.sizeBytes;
      onBytes(doneBytes);
    }
  }
  return Object.fromEntries(hashed);
}

async function upload(
  blob: Blob,
  first: Grant,
  { context, path }: { readonly context: TaskContext; readonly path: string },
): Promise<void> {
  const what = `blob ${blob.sha256.slice(0, 12)}`;
  let grant: Grant | undefined = first;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const stored = await withRetries(context, `Upload of ${what}`, async () => {
      // What an earlier try was given has aged, and may have brought some of the bytes.
      const given = grant ?? (await context.grants('put', [blob]))[0];
      grant = undefined;
      // Somebody else may have brought the same bytes meanwhile.
      if (given === undefined || given.present) return true;
      await sendGranted(
        given,
        { url: '', headers: {}, path, what, signal: context.signal, authority: context.config.farmAuthority },
        blob.sizeBytes,
      );
      if (given.confirm && given.url === '' && given.parts.length === 0) await pause(context, PROVING_MS);
      return !given.confirm;
    });
    if (stored) return;
  }
  throw new GroveError('transfer-failed', { what, problem: `the store did not confirm it after ${MAX_ROUNDS} rounds` });
}

async function sendGranted(grant: Grant, transfer: Transfer, sizeBytes: number): Promise<void> {
  if (grant.url !== '') await uploadFile({ ...transfer, url: grant.url, headers: grant.headers }, { firstByte: 0, sizeBytes });
  for (const { url, headers, ...range } of grant.parts) await uploadFile({ ...transfer, url, headers }, range);
}
