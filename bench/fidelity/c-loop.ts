import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { NativeRun } from '../../engine/runtime/ort-native/native-session.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { loadNativeLibrary } from '../../platform/native-library.ts';

const SOURCE = join(INSTALLATION_FOLDER, 'bench', 'fidelity', 'loop.c');

/** A block of runs by the C loop: its samples and the wall time of the whole, in milliseconds. Throws when a run fails. */
export type CLoop = (run: NativeRun, count: number) => { readonly samplesMs: Float64Array; readonly blockMs: number };

/** Compiles the C loop with this machine's `cc` and loads it into this process. Throws the compiler's error. */
export function compileCLoop(folder: string): CLoop {
  const library = join(folder, 'loop.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
  const loop = loadNativeLibrary(library).func(
    'double grove_c_loop(void *run, void *session, void *binding, int32_t count, double *samples)',
  );
  return ({ runWithBinding, session, binding }, count) => {
    const samplesMs = new Float64Array(count);
    const blockMs: unknown = loop(runWithBinding, session, binding, count, samplesMs);
    if (typeof blockMs !== 'number' || blockMs < 0) throw new Error('a run of the C loop failed');
    return { samplesMs, blockMs };
  };
}
