import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cpu } from 'systeminformation';
import { GroveError } from '../../domain/errors.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { applyInferenceSettings } from '../../engine/benchmark/session-tuning.ts';
import { runTargetPasses } from '../../engine/convert/run-target-passes.ts';
import { isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { BenchmarkFiles, BenchmarkSession } from './benchmark-values.ts';

/** What decides the session a benchmark opens. */
export interface TargetPassFacts {
  readonly recipe: Recipe;
  readonly executedEp: string;
  readonly modelPath: string;
  readonly physicalCores: number;
}

/**
 * Runs the passes that belong to the benchmarked device and returns the session they ask for. The last one that decides settings wins, as with Olive. A
 * substituted execution provider takes the session options, which are this machine's, but none of the other provider's own options.
 * Throws `ep-unavailable`, `unsupported-pass` for a graph pass behind a target pass, and what a pass throws.
 */
export function targetSession({ recipe, executedEp, modelPath, physicalCores }: TargetPassFacts): SessionSpec {
  if (!isExecutionProvider(executedEp))
    throw new GroveError('ep-unavailable', { ep: executedEp, why: 'no such execution provider is known' });
  const { inferenceSettings } = runTargetPasses(planConversion(recipe).target, { ep: recipe.target.ep, executedEp, physicalCores });
  const plain: SessionSpec = { modelPath, ep: executedEp, epOptions: {}, settings: {} };
  if (inferenceSettings === null) return plain;
  return applyInferenceSettings(plain, inferenceSettings);
}

/** Physical cores of this machine, at least 1. */
export async function physicalCoresHere(): Promise<number> {
  // systeminformation answers 0 where the firmware does not say.
  return (await cpu()).physicalCores || availableParallelism();
}

/** The session of a benchmark on this machine. */
export async function resolveSession(value: BenchmarkFiles): Promise<BenchmarkSession> {
  const { spec, recipe, modelFolder } = value;
  const physicalCores = await physicalCoresHere();
  return {
    ...value,
    session: targetSession({ recipe, executedEp: spec.executedEp, modelPath: join(modelFolder, 'model.onnx'), physicalCores }),
  };
}
