import { qualitySchema } from '../../domain/report.ts';
import type { QualityRequest } from '../../engine/quality/run-quality.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkJudged, BenchmarkProfiled } from './benchmark-values.ts';

/** Task of exports whose first output holds logits. */
const CLASSIFICATION = 'text-classification';

/** Compares the model's outputs on this device with the Reference, in a process of its own. */
export async function judgeQuality(value: BenchmarkProfiled, context: TaskContext): Promise<BenchmarkJudged> {
  const { spec, recipe, session, referenceFolder } = value;
  if (referenceFolder === null)
    return { ...value, quality: { state: 'not-measured', why: 'the recipe names no evaluation data, so there is no Reference' } };
  const { min, isDefault } = spec.qualityBound;
  const request: QualityRequest = {
    session,
    referenceFolder,
    isClassifier: recipe.inputModel.task === CLASSIFICATION,
    bound: { min, isDefault },
  };
  const quality = await context.inChild({
    stage: 'quality',
    request: asJson(request),
    result: qualitySchema,
    timeoutMs: context.config.timeoutMs.measure,
  });
  return { ...value, quality };
}
