import { join } from 'node:path';
import type { DataEntry, SourceManifest } from '../../domain/manifest.ts';
import type { DataRows } from '../../engine/convert/conversion-data.ts';

/** Where the rows of each data config of a source lie on this machine. */
export function localRows({ data }: Pick<SourceManifest, 'data'>, sourceFolder: string): Readonly<Record<string, DataRows>> {
  return Object.fromEntries(Object.entries(data).map(([name, entry]) => [name, rowsOf(entry, sourceFolder)]));
}

function rowsOf({ path, origin: _, ...read }: DataEntry, sourceFolder: string): DataRows {
  return { file: join(sourceFolder, ...path.split('/')), ...read };
}
