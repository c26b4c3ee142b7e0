import type { JobSpec } from '../../domain/job.ts';

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
