import type { JobSpec } from '../../domain/job.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';

/** A job of one recipe on an uploaded model, changed where a test cares. */
export function jobSpecOf(change: Partial<JobSpec> = {}): JobSpec {
  return {
    schemaVersion: 1,
    recipes: [{ recipeId: 'r', digest: 'a'.repeat(64), text: '{}' }],
    source: { kind: 'uploaded', files: { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } }, origin: { kind: 'local' } },
    data: {},
    dataFiles: {},
    synthetic: false,
    coverage: 'any',
    where: {},
    substituteEp: null,
    tier: 'smoke',
    launches: null,
    priority: 'interactive',
    task: null,
    strict: false,
    waitForDevice: false,
    ...change,
  };
}

/** A benchmark of the TensorRT-RTX recipe on the CPU, changed where a test cares. */
export function benchmarkSpecOf(change: Partial<BenchmarkSpec> = {}): BenchmarkSpec {
  return {
    kind: 'benchmark',
    recipe: { recipeId: 'r', digest: 'a'.repeat(64), text: '{}' },
    modelId: 'org/model',
    origin: { kind: 'local' },
    synthetic: false,
    requestedEp: 'NvTensorRTRTXExecutionProvider',
    executedEp: CPU_EP,
    substitution: { kind: 'ep', requested: 'NvTensorRTRTXExecutionProvider', executed: CPU_EP },
    tier: 'smoke',
    launches: null,
    task: null,
    qualityBound: { metric: 'cosine', min: 0.99, isDefault: true },
    localData: [],
    conversionKey: null,
    ...change,
  };
}
