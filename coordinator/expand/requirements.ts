import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import type { JobSpec } from '../../domain/job.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { normalizeRequirement, type Requirement } from '../../domain/requirement.ts';
import { type Selector, selectorOf } from '../../domain/selector/condition.ts';
import type { Support } from './support.ts';

/** What any task on a host's CPU needs, several at a time. */
const ON_ANY_CPU = { ep: CPU_EP, deviceClass: 'cpu', labels: {}, minMemoryBytes: 0, exclusivity: 'shared' } as const;

/** Only agents with network access and the hub token resolve. */
export function resolveRequirement(): Requirement {
  return normalizeRequirement({ ...ON_ANY_CPU, kind: 'resolve', toolchains: [], capabilities: ['hub'] });
}

/** Conversions run with the engine's ONNX Runtime: another version would write other bytes under the same key. */
export function convertRequirement(toolchains: readonly string[], capabilities: readonly string[] = []): Requirement {
  return normalizeRequirement({
    ...ON_ANY_CPU,
    kind: 'convert',
    toolchains: [...toolchains],
    capabilities: [...capabilities],
    ortVersion: ENGINE_ORT_VERSION,
  });
}

/** What a benchmark needs beside its recipe. */
export interface BenchmarkNeed {
  readonly spec: Pick<JobSpec, 'substituteEp' | 'substituteDevice' | 'where'>;
  readonly support: Support;
  /** Of a sweep; in addition to the job's `where`. */
  readonly selector: Selector;
}

/** The recipe's own device and execution provider, or what substitutes them; the whole host must be quiet. */
export function benchmarkRequirement(recipe: Recipe, { spec, support, selector }: BenchmarkNeed): Requirement {
  const onCpu = spec.substituteEp === 'cpu';
  return normalizeRequirement({
    kind: 'benchmark',
    ep: onCpu ? CPU_EP : recipe.target.ep,
    deviceClass: onCpu ? 'cpu' : (spec.substituteDevice ?? recipe.target.device),
    toolchains: support.kind === 'runnable' ? [...support.targetToolchains] : [],
    capabilities: [],
    labels: {},
    where: [...selectorOf(spec.where), ...selector],
    minMemoryBytes: 0,
    exclusivity: 'exclusive',
  });
}
