import { type QualityRequest, type QualityResult, qualityResultSchema } from '../../engine/quality/run-quality.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkJudged, BenchmarkProfiled } from './benchmark-values.ts';

/** Compares the model's outputs on this device with the Reference, in a process of its own. */
export async function judgeQuality(value: BenchmarkProfiled, context: TaskContext): Promise<BenchmarkJudged> {
  const { quality } = await runQualityLaunch(value, context);
  return { ...value, quality };
}

function runQualityLaunch({ spec, recipe, session, referenceFolder }: BenchmarkProfiled, context: TaskContext): Promise<QualityResult> {
  const accuracy: QualityRequest['accuracy'] = [];
  if (referenceFolder === null)
    return Promise.resolve({
      quality: { state: 'not-measured', why: 'the recipe names no evaluation data, so there is no Reference' },
      accuracy: [],
    });
  const { min, isDefault } = spec.qualityBound;
  const request: QualityRequest = { session, referenceFolder, task: recipe.inputModel.task, bound: { min, isDefault }, accuracy };
  return context.inChild({
    stage: 'quality',
    request: asJson(request),
    result: qualityResultSchema,
    timeoutMs: context.config.timeoutMs.measure,
  });
}
