import { describe, expect, it } from 'vitest';
import { catalogueText, LABELS, minimalDocument, parse } from '../recipe/recipe.cases.ts';
import type { JsonObject } from '../recipe/recipe.ts';
import { lintRecipe } from './lint-recipe.ts';
import { lintSharedOutputFolders } from './shared-output-folders.ts';

const rulesOf = (document: JsonObject): string[] => lintRecipe(parse(document).recipe).map(({ rule, path }) => `${rule} ${path}`);
const catalogueRules = (label: string): string[] => rulesOf(JSON.parse(catalogueText(label)));

describe('lintRecipe', () => {
  it('finds nothing in a plain recipe', () => {
    expect(rulesOf(minimalDocument())).toEqual([]);
  });

  it('sees that the mask surgery after float16 matches nothing in the TensorRT-RTX recipe', () => {
    expect(catalogueRules('trtrtx')).toContain('surgery-after-float16 $.passes.surgery.surgeries[0]');
    expect(catalogueRules('qdq_amd').some((line) => line.startsWith('surgery-after-float16'))).toBe(false);
  });

  it('sees the dead settings of the DirectML recipe and only those switched on', () => {
    const dead = catalogueRules('dml').filter((line) => line.startsWith('dead-setting'));
    expect(dead).toEqual([
      'dead-setting $.passes.transformer_optimization.optimization_options.enable_packed_kv',
      'dead-setting $.passes.transformer_optimization.optimization_options.enable_packed_qkv',
    ]);
  });

  it('points to where a nested parameter was written', () => {
    const surgeries = [{ surgeon: 'ReplaceAttentionMaskValue' }];
    const passes = { f: { type: 'OnnxFloatToFloat16' }, s: { type: 'GraphSurgeries', config: { surgeries } } };
    expect(rulesOf(minimalDocument({ passes }))).toEqual(['surgery-after-float16 $.passes.s.config.surgeries[0]']);
  });

  it('sees parameters that static quantization never passes on', () => {
    const passes = { q: { type: 'OnnxStaticQuantization', reduce_range: true, nodes_to_quantize: ['a'] } };
    expect(rulesOf(minimalDocument({ passes }))).toEqual([
      'dead-setting $.passes.q.reduce_range',
      'dead-setting $.passes.q.nodes_to_quantize',
    ]);
    expect(rulesOf(minimalDocument({ passes: { q: { ...passes.q, prepare_qdq_config: false } } }))).toEqual([]);
  });

  it.each(LABELS)('sees in %s that the cross-encoder loses its head', (label) => {
    expect(catalogueRules(label)).toContain('cross-encoder-without-head $.input_model.task');
  });

  it('sees percent goals below one percent, the baseline they need, and what throughput is', () => {
    expect(catalogueRules('qdq_qnn')).toEqual(
      expect.arrayContaining([
        'percent-goal $.evaluators.common_evaluator.metrics[0].sub_types[0].goal.value',
        'evaluation-baseline $.evaluators.common_evaluator.metrics[0].sub_types[0].goal',
        'throughput-is-not-tokens $.evaluators.common_evaluator.metrics[1]',
      ]),
    );
  });

  it('says what a small percent goal means', () => {
    const [finding] = lintRecipe(parse(JSON.parse(catalogueText('dml'))).recipe).filter(({ rule }) => rule === 'percent-goal');
    expect(finding?.message).toBe('0.1 means 0.1 %, not 10 %');
  });

  it('sees options that the optimizer has for no model', () => {
    const passes = {
      o: { type: 'OrtTransformersOptimization', model_type: 'bert', optimization_options: { enable_gleu: true, enable_gelu: true } },
    };
    expect(rulesOf(minimalDocument({ passes }))).toEqual(['dead-setting $.passes.o.optimization_options.enable_gleu']);
  });

  it('sees quantisation parameters that others overrule', () => {
    const quantization = {
      type: 'OnnxStaticQuantization',
      op_types_to_quantize: ['MatMul', 'Softmax'],
      op_types_to_exclude: ['Softmax'],
      extra_options: { ActivationSymmetric: true, WeightSymmetric: true, CalibTensorRangeSymmetric: true },
    };
    expect(rulesOf(minimalDocument({ passes: { q: quantization } }))).toEqual([
      'dead-setting $.passes.q.op_types_to_quantize',
      'dead-setting $.passes.q.extra_options.ActivationSymmetric',
    ]);
    const symmetric = { ...quantization, op_types_to_exclude: ['Add'], weight_symmetric: true };
    expect(rulesOf(minimalDocument({ passes: { q: symmetric } }))).toEqual([
      'dead-setting $.passes.q.extra_options.ActivationSymmetric',
      'dead-setting $.passes.q.extra_options.WeightSymmetric',
    ]);
  });

  it('sees types that the quantiser refuses, and only those', () => {
    const quantized = (params: JsonObject): string[] =>
      rulesOf(minimalDocument({ passes: { q: { type: 'OnnxStaticQuantization', ...params } } })).filter((line) =>
        line.startsWith('quantization-types'),
      );
    expect(quantized({ precision: 'uint8' })).toEqual(['quantization-types $.passes.q.precision']);
    expect(quantized({ precision: 'uint8', activation_type: 'uint8' })).toEqual([]);
    expect(quantized({})).toEqual([]);
    expect(quantized({ activation_type: 'uint16', quant_format: 'QOperator' })).toEqual(['quantization-types $.passes.q.quant_format']);
    expect(quantized({ activation_type: 'uint16', precision: 'uint8' })).toEqual([]);
  });

  it('sees a float16 conversion before a quantisation', () => {
    const float16 = { type: 'OnnxFloatToFloat16' };
    const quantization = { type: 'OnnxDynamicQuantization' };
    expect(rulesOf(minimalDocument({ passes: { f: float16, q: quantization } }))).toEqual(['quantization-of-float16 $.passes.q.type']);
    expect(rulesOf(minimalDocument({ passes: { q: quantization, f: float16 } }))).toEqual([]);
  });

  it.each([
    ['VitisAIExecutionProvider', 'npu', 18, ['opset-for-provider $.passes.c.target_opset']],
    ['VitisAIExecutionProvider', 'npu', 17, []],
    ['DmlExecutionProvider', 'gpu', 21, ['opset-for-provider $.passes.c.target_opset']],
    ['QNNExecutionProvider', 'npu', 21, []],
  ])('knows which opset %s takes', (provider, device, opset, found) => {
    const systems = { t: { type: 'LocalSystem', accelerators: [{ device, execution_providers: [provider] }] } };
    const passes = { c: { type: 'OnnxConversion', target_opset: opset } };
    expect(rulesOf(minimalDocument({ systems, target: 't', host: 't', passes }))).toEqual(found);
  });

  it("knows Olive's own opset when the recipe names none", () => {
    const systems = { t: { type: 'LocalSystem', accelerators: [{ device: 'npu', execution_providers: ['VitisAIExecutionProvider'] }] } };
    expect(rulesOf(minimalDocument({ systems, target: 't', host: 't', passes: { c: { type: 'OnnxConversion' } } }))).toEqual([
      'opset-for-provider $.passes.c',
    ]);
  });

  it('sees metrics that Olive cannot evaluate, and settings that it does not read', () => {
    const throughput = {
      name: 'rate',
      type: 'throughput',
      sub_types: [
        { name: 'avg', priority: 1 },
        { name: 'max', metric_config: { repeat_test_num: 9 } },
      ],
    };
    const latency = { name: 'time', type: 'latency', sub_types: [{ name: 'avg', metric_config: { repeat_test_num: 9 } }] };
    const found = rulesOf(minimalDocument({ evaluators: { e: { metrics: [throughput, latency] } }, evaluator: 'e' }));
    const equal = {
      ...latency,
      sub_types: ['avg', 'max'].map((name) => ({ ...latency.sub_types[0], name, priority: name === 'avg' ? 1 : -1 })),
    };
    expect(rulesOf(minimalDocument({ evaluators: { e: { metrics: [equal] } }, evaluator: 'e' }))).toEqual([]);
    expect(found).toContain('metric-without-data $.evaluators.e.metrics[0]');
    expect(found).not.toContain('metric-without-data $.evaluators.e.metrics[1]');
    expect(found.filter((line) => line.startsWith('unused-metric-config'))).toEqual([
      'unused-metric-config $.evaluators.e.metrics[0].sub_types[1].metric_config',
    ]);
  });

  it('leaves the sub-types of accuracy their own settings, which Olive reads', () => {
    const sub_types = [
      { name: 'accuracy_score', priority: 1, metric_config: { task: 'multiclass', num_classes: 3 } },
      { name: 'f1_score', metric_config: { task: 'multiclass', num_classes: 3, average: 'macro' } },
    ];
    const accuracy = { name: 'accuracy', type: 'accuracy', data_config: 'd', sub_types };
    const data_configs = [{ name: 'd', type: 'HuggingfaceContainer' }];
    expect(rulesOf(minimalDocument({ data_configs, evaluators: { e: { metrics: [accuracy] } }, evaluator: 'e' }))).toEqual([]);
  });

  it('sees a model of pairs fed with single texts', () => {
    const data = (columns: string[], model_path: string): JsonObject => ({
      input_model: { type: 'HfModel', model_path, task: 'text-classification' },
      data_configs: [{ name: 'd', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: columns } }],
    });
    expect(rulesOf(minimalDocument(data(['premise'], 'cross-encoder/some')))).toEqual([
      'pairs-as-single-sentences $.data_configs[0].pre_process_data_config.input_cols',
    ]);
    expect(rulesOf(minimalDocument(data(['query', 'passage'], 'cross-encoder/some')))).toEqual([]);
    expect(rulesOf(minimalDocument(data(['text'], 'some/encoder')))).toEqual([]);
  });

  it('sees an evaluator on a pass that is not the last', () => {
    const passes = { c: { type: 'OnnxConversion', evaluator: 'e' }, f: { type: 'OnnxFloatToFloat16', evaluator: 'e' } };
    expect(rulesOf(minimalDocument({ passes, evaluators: { e: { metrics: [] } } }))).toEqual([
      'unused-pass-evaluator $.passes.c.evaluator',
    ]);
  });

  it('sees data of another length than the graph takes', () => {
    const passes = { s: { type: 'DynamicToFixedShape', dim_param: ['sequence_length'], dim_value: [128] } };
    const data = (maxLength: number): JsonObject => ({
      passes,
      data_configs: [
        { name: 'd', type: 'HuggingfaceContainer', pre_process_data_config: { padding: 'max_length', max_length: maxLength } },
      ],
    });
    expect(rulesOf(minimalDocument(data(64)))).toEqual(['data-does-not-fit-shape $.data_configs[0].pre_process_data_config']);
    expect(rulesOf(minimalDocument(data(128)))).toEqual([]);
  });
});

describe('lintSharedOutputFolders', () => {
  it('names every recipe of a set that shares its folder', () => {
    const recipes = ['a', 'b', 'c'].map((name) => parse(minimalDocument({ output_dir: name === 'c' ? 'other' : 'model' }), name).recipe);
    expect(lintSharedOutputFolders(recipes).map(({ recipeName }) => recipeName)).toEqual(['a', 'b']);
  });

  it('finds none in the catalogue', () => {
    expect(lintSharedOutputFolders(LABELS.map((label) => parse(JSON.parse(catalogueText(label)), label).recipe))).toEqual([]);
  });
});
