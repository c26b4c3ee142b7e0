import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { bundledLibraryPath } from '../../engine/runtime/ort-library.ts';
import { sha256File } from '../../platform/sha256.ts';

/** The ONNX Runtime this agent's children will load. */
export interface OrtFacts {
  readonly version: string;
  readonly libraryPath: string;
  readonly libraryDigest: string;
}

/** Read from the installed package without loading the library: an agent never runs native inference code itself. */
export async function probeOrt(): Promise<OrtFacts> {
  const libraryPath = bundledLibraryPath();
  // <package>/bin/napi-v6/<platform>/<arch>/<library>
  const packageFolder = join(dirname(libraryPath), '..', '..', '..', '..');
  const manifest = z.object({ version: z.string().min(1) }).parse(JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')));
  return { version: manifest.version, libraryPath, libraryDigest: (await sha256File(libraryPath)).sha256 };
}
