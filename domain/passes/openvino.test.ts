import { describe, expect, it } from 'vitest';
import { dataNeeds } from '../recipe/conversion-data.ts';
import { toolchainNeeded } from '../recipe/conversion-plan.ts';
import { minimalDocument, parse } from '../recipe/recipe.cases.ts';
import type { JsonObject } from '../recipe/recipe.ts';
import { advancedParameters } from './openvino-quantization.ts';

const DATA = [{ name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: ['text'] } }];
const OPTIMUM = { type: 'OpenVINOOptimumConversion', extra_args: { task: 'feature-extraction', device: 'npu' } };
const QUANTIZE = { type: 'OpenVINOQuantization', data_config: 'rows' };

function passesOf(...passes: JsonObject[]) {
  const numbered = Object.fromEntries(passes.map((pass, index) => [`p${index}`, pass]));
  return parse(minimalDocument({ data_configs: DATA, passes: numbered })).recipe.passes;
}

describe('OpenVINO passes', () => {
  it('need the OpenVINO toolchain, and Olive only for what Grove lacks', () => {
    expect(toolchainNeeded(passesOf(OPTIMUM, { type: 'OpenVINOEncapsulation' }))).toBe('openvino');
    expect(toolchainNeeded(passesOf(OPTIMUM, { type: 'OpenVINOWeightCompression' }))).toBe('olive');
    expect(toolchainNeeded(passesOf({ type: 'OnnxConversion' }))).toBeUndefined();
  });

  it('name the rows they calibrate with', () => {
    const transform_fn = { type: 'model_inputs', names: ['input_ids'] };
    expect(dataNeeds(passesOf(OPTIMUM, { ...QUANTIZE, transform_fn })).map(({ name }) => name)).toEqual(['rows']);
  });

  it.each([
    [{ ...OPTIMUM, components: ['decoder'] }, ' (components)'],
    [{ ...OPTIMUM, ov_quant_config: { weight_format: 'int4' } }, ' (ov_quant_config)'],
    [{ type: 'OpenVINOOptimumConversion' }, ' (extra_args without a task)'],
    [{ ...OPTIMUM, extra_args: { task: 'text-generation' } }, ' (extra_args.task text-generation)'],
    [{ ...OPTIMUM, extra_args: { task: 'fill-mask', variant: 'fp16' } }, ' (extra_args.variant)'],
    [{ type: 'OpenVINOConversion', example_input_func: 'f' }, ' (example_input_func)'],
    [{ type: 'OpenVINOConversion', extra_configs: { verbose: true } }, ' (extra_configs)'],
    [{ ...QUANTIZE, transform_fn: 'f' }, ' (transform_fn of a script)'],
    [
      { ...QUANTIZE, extra_configs: [{ advanced_quantization_parameters: { backend_params: {} } }] },
      ' (advanced_quantization_parameters.backend_params)',
    ],
  ])('go to Olive for what only it does: %j', (pass, detail) => {
    expect(passesOf(pass)[0]).toMatchObject({ known: 'olive', detail });
  });

  it.each([
    [{ ...OPTIMUM, ov_quant_config: { weight_format: 'fp32' } }],
    [{ ...OPTIMUM, extra_args: { task: 'fill-mask', library: 'transformers', disable_convert_tokenizer: true } }],
    [{ ...QUANTIZE, extra_configs: [{ advanced_quantization_parameters: { smooth_quant_alpha: 0.6 } }] }],
    [{ ...QUANTIZE, ignored_scope: [['a'], ['Add']], ignored_scope_type: ['names', 'types'] }],
  ])('stay with Grove for what changes nothing or NNCF takes as it is: %j', (pass) => {
    expect(passesOf(pass)[0]).toMatchObject({ known: 'openvino', detail: '' });
  });

  it.each([
    [{ type: 'OpenVINOIoUpdate', static: true }, 'must be given when static is set'],
    [{ ...QUANTIZE, ignored_scope: ['a'] }, 'goes together with ignored_scope_type'],
    [{ ...QUANTIZE, ignored_scope: ['a'], ignored_scope_type: ['names'] }, 'one list for each'],
  ])('are refused where Olive ends without a model: %j', (pass, problem) => {
    expect(() => passesOf(pass)).toThrow(problem);
  });
});

it('advanced parameters are those of the last entry that has any', () => {
  const entry = (value: object) => ({ advanced_quantization_parameters: value });
  expect(advancedParameters([entry({ smooth_quant_alpha: 0.5 }), entry({ smooth_quant_alpha: 0.6 }), {}, entry({})])).toEqual({
    smooth_quant_alpha: 0.6,
  });
  expect(advancedParameters(null)).toEqual({});
});
