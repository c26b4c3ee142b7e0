import { dirname, join } from 'node:path';
import { loadNativeLibrary } from '../../../platform/native-library.ts';
import type { ExecutionProvider } from '../execution-providers.ts';

/** Libraries of NVIDIA's providers that lie beside a build of ONNX Runtime, which says of them only that one did not load. */
const LIBRARIES: Readonly<Partial<Record<ExecutionProvider, string>>> = {
  CUDAExecutionProvider: 'onnxruntime_providers_cuda',
  TensorrtExecutionProvider: 'onnxruntime_providers_tensorrt',
};

/**
 * Why the system does not load the library of a provider, in the loader's own words, which name the library it lacks; undefined where it does, or the
 * provider has none. Loads it: for a process that ends afterwards.
 */
export function loaderProblem(ep: ExecutionProvider, libraryPath: string): string | undefined {
  const name = LIBRARIES[ep];
  if (name === undefined) return undefined;
  try {
    loadNativeLibrary(join(dirname(libraryPath), process.platform === 'win32' ? `${name}.dll` : `lib${name}.so`));
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/^Failed to load shared library: /, '').trim();
  }
}
