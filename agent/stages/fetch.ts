import { join } from 'node:path';
import type { FileMap } from '../../domain/manifest.ts';
import type { TaskContext } from '../runner/stage.ts';
import { fetchFiles } from '../transfer/download.ts';

/** Brings several manifests, each into the folder of its name below the attempt's. They stay pinned in the cache until the attempt ends. */
export async function fetchFolders(manifests: Readonly<Record<string, FileMap>>, context: TaskContext): Promise<void> {
  const all = Object.entries(manifests);
  const totalBytes = all.reduce((sum, [, files]) => sum + sizeOf(files), 0);
  let doneBytes = 0;
  for (const [name, files] of all) {
    const onBytes = (bytes: number) => context.progress((doneBytes + bytes) / Math.max(1, totalBytes), name);
    context.atEnd(await fetchFiles(files, context, { folder: join(context.folder, name), onBytes }));
    doneBytes += sizeOf(files);
  }
}

function sizeOf(files: FileMap): number {
  return Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
