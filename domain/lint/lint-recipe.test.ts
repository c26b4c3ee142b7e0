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
      'dead-setting $.passes.transformer_optimization.optimization_options.enable_packed_qkv',
      'dead-setting $.passes.transformer_optimization.optimization_options.enable_packed_kv',
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
