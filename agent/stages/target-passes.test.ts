import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluationDataOf } from './evaluation-data.ts';
import { oliveMetricsOf } from './olive-metrics.ts';
import { readRecipe } from './read-recipe.ts';
import { targetSession } from './target-passes.ts';

function catalogueRecipe(label: string, task: string | null = null) {
  const url = new URL(`../../recipes/ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_${label}.json`, import.meta.url);
  return readRecipe({ recipeId: label, digest: '0'.repeat(64), text: readFileSync(url, 'utf8') }, task);
}

describe('targetSession', () => {
  const facts = { modelPath: '/m/model.onnx', physicalCores: 6 };

  it('gives the session what the tuning pass decides for this machine', () => {
    const recipe = catalogueRecipe('trtrtx');
    const { ep, settings } = targetSession({ recipe, executedEp: recipe.target.ep, ...facts });
    expect({ ep, settings }).toEqual({ ep: 'NvTensorRTRTXExecutionProvider', settings: { intraOpThreads: 6, interOpThreads: 6 } });
  });

  it('keeps the session options but none of the provider options on a substituted provider', () => {
    const session = targetSession({ recipe: catalogueRecipe('trtrtx'), executedEp: 'CPUExecutionProvider', ...facts });
    expect(session).toEqual({
      modelPath: '/m/model.onnx',
      ep: 'CPUExecutionProvider',
      epOptions: {},
      settings: { intraOpThreads: 6, interOpThreads: 6 },
    });
  });

  it("leaves ONNX Runtime's defaults where no pass decides", () => {
    expect(targetSession({ recipe: catalogueRecipe('dml'), executedEp: 'CPUExecutionProvider', ...facts }).settings).toEqual({});
  });

  it('refuses a provider nobody knows', () => {
    const unknown = { recipe: catalogueRecipe('dml'), executedEp: 'ImaginaryExecutionProvider', ...facts };
    expect(() => targetSession(unknown)).toThrow(expect.objectContaining({ code: 'ep-unavailable' }));
  });
});

describe('what a recipe is measured with', () => {
  it("is the data of its evaluator and Olive's own timings", () => {
    const recipe = catalogueRecipe('trtrtx');
    expect(evaluationDataOf(recipe)?.name).toBe('xnli');
    expect(oliveMetricsOf(recipe)).toMatchObject([
      { name: 'latency', type: 'latency', subTypes: ['avg', 'max', 'min'], batchSize: 1 },
      { name: 'throughput', type: 'throughput', subTypes: ['avg', 'max', 'min'], batchSize: 1 },
    ]);
  });

  it('is nothing to compare with when the evaluator names no data', () => {
    expect(evaluationDataOf(catalogueRecipe('context_ov_static'))).toBeUndefined();
  });

  it('follows the task of the submit', () => {
    expect(catalogueRecipe('trtrtx', 'text-classification').inputModel.task).toBe('text-classification');
  });
});
