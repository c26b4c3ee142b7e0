import type { InputsSpec } from '../../engine/benchmark/inputs.ts';
import type { BenchmarkSession } from './benchmark-values.ts';

/** What is generated when there is no Reference, or nothing to make one of: the same on every machine. */
export const GENERATED_INPUTS = { kind: 'generated', seed: 1, dims: {}, integerBelow: 1_000 } as const satisfies InputsSpec;

/** What a launch, the profile and the control of a session are fed: the Reference's first batch, else seeded values. */
export function inputsOf({ referenceFolder }: Pick<BenchmarkSession, 'referenceFolder'>): InputsSpec {
  return referenceFolder === null ? GENERATED_INPUTS : { kind: 'reference', folder: referenceFolder };
}
