import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';

const LIBRARY_NAMES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libonnxruntime.so.1',
  win32: 'onnxruntime.dll',
  darwin: 'libonnxruntime.1.dylib',
};

/** Path of the ONNX Runtime library inside the installed onnxruntime-node package. Throws `ep-unavailable` on a platform it has no library name for. */
export function bundledLibraryPath(): string {
  const name = LIBRARY_NAMES[process.platform];
  if (name === undefined)
    throw new GroveError('ep-unavailable', { ep: 'ONNX Runtime', why: `onnxruntime-node has no binary for ${process.platform}` });
  const packageFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch, name);
}
