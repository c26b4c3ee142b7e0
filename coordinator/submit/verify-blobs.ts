import { GroveError, type Problem } from '../../domain/errors.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';

/** Look-ups in flight at once: enough to hide latency, few enough for a remote store. */
const CONCURRENCY = 16;

/** Throws `not-found`, listing every file, unless all are stored with the size they claim; they then stay until the caller has named them. */
export async function verifyBlobs(files: FileMap, artifacts: Pick<ArtifactStore, 'claim'>, now: EpochMs): Promise<void> {
  const open = Object.entries(files);
  const problems: Problem[] = [];
  const worker = async (): Promise<void> => {
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [path, { sha256, sizeBytes }] = next;
      const stored = await artifacts.claim(sha256, now);
      if (stored === undefined) problems.push({ path, message: `blob ${sha256} has not been uploaded` });
      else if (stored.sizeBytes !== sizeBytes)
        problems.push({ path, message: `has ${stored.sizeBytes} bytes in the store, not ${sizeBytes}` });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const [first] = problems;
  if (first !== undefined) throw new GroveError('not-found', { kind: 'uploaded file', id: first.path }, { problems });
}
