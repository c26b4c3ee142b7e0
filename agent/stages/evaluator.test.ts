import { describe, expect, it } from 'vitest';
import { CPU_EP } from '../../domain/names.ts';
import { minimalDocument } from '../../domain/recipe/recipe.cases.ts';
import type { JsonObject, Recipe } from '../../domain/recipe/recipe.ts';
import { catalogueRecipe, comparedBenchmark } from './benchmark.cases.ts';
import type { BenchmarkJudged } from './benchmark-values.ts';
import { accuracyMetricsOf, evaluateRecipe } from './evaluator.ts';
import { readRecipe } from './read-recipe.ts';

const LABELLED = { name: 'labelled', type: 'HuggingfaceContainer', load_dataset_config: { data_name: 'glue' } };

function recipeWith(metrics: readonly JsonObject[], ...data: readonly JsonObject[]): Recipe {
  const document = minimalDocument({ data_configs: [LABELLED, ...data], evaluators: { e: { metrics } }, evaluator: 'e' });
  return readRecipe({ recipeId: 'r', digest: '0'.repeat(64), text: JSON.stringify(document) }, null);
}

const accuracy = (change: JsonObject = {}): JsonObject => ({
  ...{ name: 'accuracy', type: 'accuracy', data_config: 'labelled' },
  sub_types: [{ name: 'accuracy_score', priority: 1, metric_config: { task: 'multiclass', num_classes: 3 } }, { name: 'perplexity' }],
  ...change,
});

function judged(recipe: Recipe, change: Partial<BenchmarkJudged> = {}, referenceBytes = 0): BenchmarkJudged {
  const blob = (sizeBytes: number) => ({ sha256: 'a'.repeat(64), sizeBytes });
  const modelFiles = { 'model.onnx': blob(100), 'model.onnx.data': blob(900), 'model_config.json': blob(7) };
  const referenceFiles = { 'outputs.bin': blob(5), ...(referenceBytes > 0 && { 'export/model.onnx': blob(referenceBytes) }) };
  return {
    ...comparedBenchmark({ ep: CPU_EP, recipe, modelFiles, referenceFiles }),
    baseline: { olive: {}, why: '', isFloat32: true },
    ...change,
  };
}

describe('accuracyMetricsOf', () => {
  it('asks for every sub-type with its own metric_config', () => {
    expect(accuracyMetricsOf(recipeWith([accuracy()]))).toEqual([
      { metric: 'accuracy-accuracy_score', subType: 'accuracy_score', config: { task: 'multiclass', num_classes: 3 } },
      { metric: 'accuracy-perplexity', subType: 'perplexity', config: {} },
    ]);
  });

  const other = { ...LABELLED, name: 'other' };
  const scripted = { ...LABELLED, name: 'scripted', post_process_data_config: { type: 'my_post_process' } };
  it.each([
    ['another backend', recipeWith([accuracy({ backend: 'huggingface_metrics' })]), /huggingface_metrics is Python/],
    [
      'rows the Reference does not hold',
      recipeWith([{ name: 'latency', type: 'latency', data_config: 'other', sub_types: [{ name: 'avg' }] }, accuracy()], other),
      /labelled, the Reference holds other/,
    ],
    ['a post-process of a script', recipeWith([accuracy({ data_config: 'scripted' })], scripted), /my_post_process/],
  ])('leaves %s unresolved', (_, recipe, why) => {
    expect(accuracyMetricsOf(recipe)).toEqual([]);
    const { evaluator } = evaluateRecipe(judged(recipe));
    expect(evaluator.find(({ metric }) => metric === 'accuracy-accuracy_score')).toMatchObject({
      value: null,
      why: expect.stringMatching(why),
    });
  });
});

describe('evaluateRecipe', () => {
  it('resolves the goals of the catalogue against the export', () => {
    const olive = { 'latency-avg': { value: 9, unit: 'ms' } } as const;
    const baseline = { olive: { 'latency-avg': { value: 10, unit: 'ms' } }, why: '', isFloat32: true } as const;
    const { evaluator } = evaluateRecipe(judged(catalogueRecipe('trtrtx'), { olive, baseline }));
    expect(evaluator.map(({ metric }) => metric)).toEqual([
      ...['latency-avg', 'latency-max', 'latency-min', 'throughput-avg', 'throughput-max', 'throughput-min'],
    ]);
    expect(evaluator[0]).toMatchObject({
      value: 9,
      priority: 1,
      goal: { state: 'met', target: expect.closeTo(9.99, 9), baseline: { value: 10 } },
    });
    expect(evaluator[1]).toMatchObject({ value: null, why: 'it was not measured', goal: null });
  });

  it('says why a relative goal has no baseline', () => {
    const olive = { 'latency-avg': { value: 9, unit: 'ms' } } as const;
    const { evaluator } = evaluateRecipe(
      judged(catalogueRecipe('trtrtx'), { olive, baseline: { olive: {}, why: 'it crashed', isFloat32: true } }),
    );
    expect(evaluator[0]?.goal).toMatchObject({ state: 'unresolved', why: 'it crashed' });
  });

  it('takes accuracy of the model, with the Reference as its baseline', () => {
    const goal = { type: 'max-degradation', value: 0.01 };
    const recipe = recipeWith([accuracy({ sub_types: [{ name: 'accuracy_score', priority: 1, goal }, { name: 'perplexity' }] })]);
    const found = evaluateRecipe(
      judged(recipe, {
        accuracy: [
          { metric: 'accuracy-accuracy_score', value: 0.9, referenceValue: 0.92, why: '' },
          { metric: 'accuracy-perplexity', value: null, referenceValue: null, why: 'Grove does not compute perplexity' },
        ],
      }),
    );
    expect(found.olive['accuracy-accuracy_score']).toEqual({ value: 0.9, unit: 'share' });
    expect(found.evaluator).toMatchObject([
      { higherIsBetter: true, goal: { state: 'missed', target: expect.closeTo(0.91, 9), baseline: { value: 0.92 } } },
      { value: null, why: 'Grove does not compute perplexity' },
    ]);
  });

  it('takes nothing of an export in float16 for an fp32 baseline', () => {
    const goal = { type: 'percent-min-improvement', value: 40 };
    const sizes = { name: 'size', type: 'size_on_disk', sub_types: [{ name: 'bytes', priority: 1, goal }] };
    const recipe = recipeWith([sizes, accuracy({ sub_types: [{ name: 'accuracy_score', priority: 2, goal }] })]);
    const known = [{ metric: 'accuracy-accuracy_score', value: 0.9, referenceValue: 0.92, why: '' }];
    const baseline = { olive: {}, why: 'it has float16', isFloat32: false };
    const { evaluator } = evaluateRecipe(judged(recipe, { accuracy: known, baseline }, 2_000));
    expect(evaluator.map(({ goal }) => goal)).toMatchObject([
      { state: 'unresolved', baseline: null, why: 'it has float16' },
      { state: 'unresolved', baseline: null, why: 'it has float16' },
    ]);
  });

  it('takes graph and weights as the size on disk, of the export too when it was kept', () => {
    const goal = { type: 'percent-min-improvement', value: 40 };
    const recipe = recipeWith([{ name: 'size', type: 'size_on_disk', sub_types: [{ name: 'bytes', priority: 1, goal }] }]);
    expect(evaluateRecipe(judged(recipe, {}, 2_000)).evaluator).toMatchObject([
      { metric: 'size-bytes', value: 1_000, unit: 'bytes', goal: { state: 'met', target: 1_200 } },
    ]);
    expect(evaluateRecipe(judged(recipe)).evaluator).toMatchObject([{ value: 1_000, goal: { state: 'unresolved' } }]);
  });
});
