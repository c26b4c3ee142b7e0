import { createHash } from 'node:crypto';
import { median } from '../../domain/statistics.ts';

const BLOCK_BYTES = 1024 * 1024;
const REPEATS = 15;

/**
 * Median milliseconds to hash a fixed block with the process's own OpenSSL: native code that neither ONNX Runtime nor a model has any part in, and that
 * needs one core, no file and about 10 ms. The same machine in the same state gives the same number.
 */
export function probeNoise(): number {
  const block = new Uint8Array(BLOCK_BYTES);
  return median(
    Float64Array.from({ length: REPEATS }, () => {
      const started = performance.now();
      createHash('sha256').update(block).digest();
      return performance.now() - started;
    }),
  );
}
