import { describe, expect, it } from 'vitest';
import { dataNeeds } from '../recipe/conversion-data.ts';
import { minimalDocument, parse } from '../recipe/recipe.cases.ts';
import type { JsonObject, RecipePass } from '../recipe/recipe.ts';

const DATA: JsonObject = { name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: ['text'] } };

function recipeWith(pass: JsonObject) {
  return parse(minimalDocument({ data_configs: [DATA], passes: { conversion: { type: 'OnnxConversion' }, quantization: pass } }));
}

function parsed(pass: JsonObject): RecipePass {
  const found = recipeWith(pass).recipe.passes[1];
  if (found === undefined) throw new Error('no pass');
  return found;
}

const STATIC = { type: 'OnnxStaticQuantization', data_config: 'rows' } as const;

describe('quantisation passes', () => {
  it('have the defaults of Olive', () => {
    expect(parsed(STATIC)).toMatchObject({
      known: 'native',
      params: {
        quant_mode: 'static',
        precision: 'int8',
        activation_type: 'int8',
        calibrate_method: 'MinMax',
        quant_format: 'QDQ',
        quant_preprocess: true,
        prepare_qdq_config: true,
        per_channel: false,
        weight_symmetric: null,
      },
    });
    expect(parsed({ type: 'onnxdynamicquantization' })).toMatchObject({
      known: 'native',
      params: { quant_mode: 'dynamic', precision: 'int8' },
    });
    expect(parsed({ type: 'OnnxQuantization', quant_mode: 'dynamic' }).known).toBe('native');
  });

  it.each([
    [{ precision: 'uint4' }, ' (uint4)'],
    [{ activation_type: 'int4' }, ' (int4)'],
    [{ quant_format: 'QOperator' }, ' (quant_format QOperator)'],
    [{ calibrate_method: 'Percentile' }, ' (calibrate_method Percentile)'],
    [{ calibration_providers: ['CUDAExecutionProvider'] }, ' (calibration on CUDAExecutionProvider)'],
    [{ extra_options: { SmoothQuant: true } }, ' (SmoothQuant)'],
    [{ extra_options: { CalibStridedMinMax: 2 } }, ' (CalibStridedMinMax)'],
    [{ save_as_external_data: true, all_tensors_to_one_file: false }, ' (all_tensors_to_one_file false)'],
  ] satisfies [JsonObject, string][])('leave %j to Olive, and say why', (changes, detail) => {
    expect(parsed({ ...STATIC, ...changes })).toMatchObject({ known: 'olive', detail });
  });

  it.each([
    [{}],
    [{ calibrate_method: 'Entropy' }],
    [{ calibration_providers: ['CPUExecutionProvider'] }],
    [{ extra_options: { CalibMovingAverage: true, CalibMaxIntermediateOutputs: 5, SmoothQuant: false, EnableSubgraph: null } }],
    [{ reduce_range: true, nodes_to_quantize: ['a'] }],
    [{ tensor_quant_overrides: { t: [{ quant_type: 'QUInt16', convert: { quant_type: 'uint8', recv_nodes: ['n'] } }] } }],
  ] satisfies [JsonObject][])('run %j themselves', (changes) => {
    expect(parsed({ ...STATIC, ...changes })).toMatchObject({ known: 'native', detail: '' });
  });

  it.each([
    [{ ...STATIC, precision: 'fp16' }, 'precision'],
    [{ ...STATIC, activation_type: 'bf16' }, 'activation_type'],
    [{ ...STATIC, quant_mode: 'dynamic' }, 'quant_mode'],
    [{ ...STATIC, tensor_quant_overrides: { t: [{ scale: 0.1 }] } }, 'tensor_quant_overrides'],
    [{ ...STATIC, tensor_quant_overrides: { t: [{ quant_type: 'uint2' }] } }, 'tensor_quant_overrides'],
    [{ type: 'OnnxDynamicQuantization', precision: 'int16' }, 'precision'],
    [{ type: 'OnnxQuantization', quant_mode: 'dynamic', precision: 'uint16' }, 'precision'],
  ] satisfies [JsonObject, string][])('refuse %j', (pass, param) => {
    expect(() => recipeWith(pass)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ path: expect.stringContaining(param) })] }),
    );
  });

  it('tell which rows they need, before anything runs', () => {
    const needs = (pass: JsonObject) => dataNeeds(recipeWith(pass).recipe.passes).map(({ name }) => name);
    expect(needs(STATIC)).toEqual(['rows']);
    expect(needs({ type: 'OnnxStaticQuantization' })).toEqual([null]);
    expect(needs({ type: 'OnnxQuantization', data_config: 'rows' })).toEqual(['rows']);
    expect(needs({ type: 'OnnxQuantization', data_config: 'rows', quant_mode: 'dynamic' })).toEqual([]);
    expect(needs({ type: 'OnnxDynamicQuantization' })).toEqual([]);
    expect(needs({ ...STATIC, quant_format: 'QOperator' })).toEqual([]);
  });

  it('warn of options that nobody reads', () => {
    const { warnings } = recipeWith({ ...STATIC, extra_options: { ActivationSymetric: true } });
    expect(warnings.map(({ path }) => path)).toEqual(['$.passes.quantization.extra_options.ActivationSymetric']);
  });
});
