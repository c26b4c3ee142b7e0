import type { InputsSpec } from '../../engine/benchmark/inputs.ts';
import type { BenchmarkSession } from './benchmark-values.ts';

/** Inputs are generated from this when there is no Reference: the same on every machine. */
const INPUT_SEED = 1;

/** What a launch, the profile and the control of a session are fed: the Reference's first batch, else seeded values. */
export function inputsOf({ referenceFolder }: Pick<BenchmarkSession, 'referenceFolder'>): InputsSpec {
  return referenceFolder === null
    ? { kind: 'generated', seed: INPUT_SEED, dims: {}, integerBelow: 1_000 }
    : { kind: 'reference', folder: referenceFolder };
}
