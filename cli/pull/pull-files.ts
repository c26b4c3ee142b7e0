import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GroveClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';
import { assertPortablePath, type Blob, type FileMap } from '../../domain/manifest.ts';
import { sha256File } from '../../platform/sha256.ts';
import { makeOutFolder } from '../make-folder.ts';

/** Files that make a folder look like a finished conversion come last. */
const LAST_FILES = ['model.onnx', 'model_config.json'];

/** Where files go. */
export interface PullTarget {
  /** Absolute; made when missing. */
  readonly folder: string;
  /** Replace files of the same names that hold something else. */
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  /** Called with the bytes that are here, of all files together. */
  onBytes(doneBytes: number): void;
}

/** One file as it is now. */
export interface PulledFile extends Blob {
  readonly path: string;
  /** `kept`: it was here already, with these bytes. */
  readonly how: 'kept' | 'downloaded';
}

/**
 * Brings the files of a manifest into a folder. What is here already is kept; what broke off is continued, also by a later call: the beginning lies in a
 * `.part` file that bears the digest. Each file takes its name only after its digest was checked. Throws `invalid-argument` before anything is written
 * when another file bears a name, `digest-mismatch`, and what downloading throws.
 */
export async function pullFiles(client: Pick<GroveClient, 'download'>, files: FileMap, target: PullTarget): Promise<readonly PulledFile[]> {
  const ordered = Object.entries(files).sort(([a], [b]) => LAST_FILES.indexOf(a) - LAST_FILES.indexOf(b) || (a < b ? -1 : 1));
  for (const [path] of ordered) assertPortablePath(path);
  const present = await Promise.all(ordered.map(([path, blob]) => isPresent(join(target.folder, path), blob)));
  const taken = ordered.filter((_, index) => present[index] === 'other').map(([path]) => path);
  if (taken.length > 0 && !target.overwrite) throw holdsOthers(target.folder, taken);
  // What makes a folder look complete goes first: old graphs beside new weights would load.
  for (const path of taken) if (LAST_FILES.includes(path)) await rm(join(target.folder, path), { force: true });
  const pulled: PulledFile[] = [];
  let doneBytes = 0;
  for (const [index, [path, blob]] of ordered.entries()) {
    const isKept = present[index] === 'same';
    if (!isKept) await pullFile(client, { path, blob, target: { ...target, onBytes: (bytes) => target.onBytes(doneBytes + bytes) } });
    doneBytes += blob.sizeBytes;
    target.onBytes(doneBytes);
    pulled.push({ path, ...blob, how: isKept ? 'kept' : 'downloaded' });
  }
  return pulled;
}

async function isPresent(path: string, blob: Blob): Promise<'same' | 'other' | 'absent'> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return 'absent';
  if (!status.isFile() || status.size !== blob.sizeBytes) return 'other';
  return (await sha256File(path)).sha256 === blob.sha256 ? 'same' : 'other';
}

interface Pull {
  readonly path: string;
  readonly blob: Blob;
  readonly target: PullTarget;
}

async function pullFile(client: Pick<GroveClient, 'download'>, { path, blob, target }: Pull): Promise<void> {
  const { folder, signal, onBytes } = target;
  const final = join(folder, path);
  const part = `${final}.${blob.sha256.slice(0, 12)}.part`;
  await makeOutFolder(dirname(final));
  const begun = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  const file = await open(part, begun > 0 && begun <= blob.sizeBytes ? 'a' : 'w');
  try {
    let done = begun <= blob.sizeBytes ? begun : 0;
    for await (const chunk of client.download(blob, { offset: done, signal })) {
      await file.appendFile(chunk);
      done += chunk.byteLength;
      onBytes(done);
    }
  } finally {
    await file.close();
  }
  await checkDigest(path, part, blob);
  await rename(part, final);
}

/** A part with wrong bytes would be continued for ever. */
async function checkDigest(path: string, part: string, blob: Blob): Promise<void> {
  const { sha256: actual } = await sha256File(part);
  if (actual === blob.sha256) return;
  await rm(part, { force: true });
  throw new GroveError('digest-mismatch', { what: path, actual, expected: blob.sha256 });
}

function holdsOthers(folder: string, names: readonly string[]): GroveError {
  const problem = `${folder} holds other files of these names: ${names.join(', ')}; name another folder, or add --overwrite to replace them`;
  return new GroveError('invalid-argument', { problem });
}
