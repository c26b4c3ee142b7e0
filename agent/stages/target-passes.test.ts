import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { minimalDocument } from '../../domain/recipe/recipe.cases.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import { evaluationDataOf } from './evaluation-data.ts';
import { oliveMetricsOf } from './olive-metrics.ts';
import { readRecipe } from './read-recipe.ts';
import { targetSession } from './target-passes.ts';

function catalogueRecipe(label: string, task: string | null = null) {
  const url = new URL(`../../recipes/ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_${label}.json`, import.meta.url);
  return readRecipe({ recipeId: label, digest: '0'.repeat(64), text: readFileSync(url, 'utf8') }, task);
}

describe('targetSession', () => {
  const plain = (ep: ExecutionProvider) => ({ modelPath: '/m/model.onnx', ep, epOptions: { device_id: '1' }, settings: {} });
  const facts = { physicalCores: 6, defaults: { device_id: '0', use_tf32: '0' } };
  const onCpu = { executedEp: 'CPUExecutionProvider', plain: plain('CPUExecutionProvider'), ...facts };

  it('gives the session what the tuning pass decides for this machine, under the options of the machine', () => {
    const recipe = catalogueRecipe('trtrtx');
    const { session } = targetSession({ recipe, executedEp: recipe.target.ep, plain: plain('NvTensorRTRTXExecutionProvider'), ...facts });
    expect(session.settings).toEqual({ intraOpThreads: 6, interOpThreads: 6 });
    expect(session.epOptions).toEqual({ device_id: '1', use_tf32: '0' });
  });

  it('keeps the session options on a substituted provider', () => {
    expect(targetSession({ recipe: catalogueRecipe('trtrtx'), ...onCpu }).session).toMatchObject({
      ep: 'CPUExecutionProvider',
      settings: { intraOpThreads: 6, interOpThreads: 6 },
    });
  });

  it.each([
    ['OrtSessionParamsTuning', { provider_options_list: { op_packages: 'Relu:model/part.so:Init' } }, 'op_packages'],
    ['OrtSessionParamsTuning', { extra_session_config: { 'session.x': 'C:\\\\x' } }, 'session.x'],
    ['EPContextBinaryGenerator', { provider_options: { profiling_file_path: '../x.csv' } }, 'profiling_file_path'],
    ['EPContextBinaryGenerator', { session_options: { 'ep.context_x': '/etc/x' } }, 'ep.context_x'],
  ])('takes no path of the machine from a recipe: %s %j', (type, params, option) => {
    const text = JSON.stringify(minimalDocument({ passes: { t: { type, ...params } } }));
    const recipe = readRecipe({ recipeId: 'r', digest: '0'.repeat(64), text }, null);
    const { ep } = recipe.target;
    if (ep !== 'CPUExecutionProvider') throw new Error('another provider');
    expect(() => targetSession({ recipe, executedEp: ep, plain: plain(ep), ...facts })).toThrow(`its option ${option} does`);
  });

  it('lets the machine name its own files', () => {
    const recipe = catalogueRecipe('trtrtx');
    const own = { ...plain('NvTensorRTRTXExecutionProvider'), epOptions: { library: '/opt/x.so' } };
    const { session } = targetSession({ recipe, executedEp: recipe.target.ep, plain: own, ...facts });
    expect(session.epOptions).toMatchObject({ library: '/opt/x.so' });
  });

  it("leaves ONNX Runtime's defaults where no pass decides", () => {
    expect(targetSession({ recipe: catalogueRecipe('dml'), ...onCpu }).session.settings).toEqual({});
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
