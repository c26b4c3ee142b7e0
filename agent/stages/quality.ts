import type { Recipe } from '../../domain/recipe/recipe.ts';
import { type QualityRequest, type QualityResult, qualityResultSchema } from '../../engine/quality/run-quality.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkCompared, BenchmarkProfiled } from './benchmark-values.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { accuracyMetricsOf } from './evaluator.ts';

/** A slow device compares so many of the rows as fit. */
const MAX_MS = 600_000;

/** Without a Reference there is nothing to compare with. */
function withoutReference(recipe: Recipe): QualityResult {
  const data = evaluationDataOf(recipe);
  const why =
    data === undefined
      ? 'the recipe names no evaluation data, nor the submit a model to compare with (--reference)'
      : `there were no rows of ${data.name} (--data ${data.name}=FILE)`;
  return { quality: { state: 'not-measured', why: `${why}, so there is no Reference` }, accuracy: [] };
}

/** Compares the model's outputs on this device with the Reference, in a process of its own. */
export async function compareOutputs(value: BenchmarkProfiled, context: TaskContext): Promise<BenchmarkCompared> {
  const { spec, recipe, session, referenceFolder } = value;
  if (referenceFolder === null) return { ...value, ...withoutReference(recipe) };
  const { min, isDefault } = spec.qualityBound;
  const request: QualityRequest = {
    session,
    referenceFolder,
    task: recipe.inputModel.task,
    bound: { min, isDefault },
    accuracy: accuracyMetricsOf(recipe),
    maxMs: Math.min(MAX_MS, context.config.timeoutMs.measure / 2),
  };
  const result = await context.inChild({
    stage: 'quality',
    request: asJson(request),
    result: qualityResultSchema,
    timeoutMs: context.config.timeoutMs.measure,
  });
  return { ...value, ...result };
}
