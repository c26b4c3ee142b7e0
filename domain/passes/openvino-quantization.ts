import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { modelInputsTransformSchema } from './model-inputs-transform.ts';

const scopeKind = z.enum(['names', 'types', 'patterns']);
const scopeWords = z.array(z.string().max(1_000)).max(1_000);

/** Settings of NNCF's advanced parameters that are numbers, words or flags; others are objects of its own. */
const PLAIN_ADVANCED = ['disable_bias_correction', 'disable_channel_alignment', 'inplace_statistics', 'smooth_quant_alpha'];

/** Quantises an OpenVINO model with NNCF. */
export const openVINOQuantization = definePass({
  type: 'OpenVINOQuantization',
  side: 'host',
  toolchain: 'openvino',
  implementationVersion: 1,
  acceleratorAgnostic: false,
  summary: "Quantises an OpenVINO model to 8 bits with NNCF's post-training quantisation.",
  documentation: {
    notes: [
      'NNCF does the work, with the rows of `data_config` tokenised by Grove: 300 of them at most, its default. `transform_fn: {type: "model_inputs", names: [...]}` says which of the tokenizer’s outputs feed the model; without it every output that the model has an input of is fed.',
      'NNCF treats NPU and GPU as CPU when weights and activations both have 8 bits. With `model_type: TRANSFORMER` it smooths activations first (SmoothQuant) and leaves normalisations, residuals and the product of attention with its values in float.',
    ],
    leftToOlive: ['a `transform_fn` or `validation_func` that names a function', '`extra_configs` that hold objects of NNCF'],
    differences: ['An ONNX model is refused: put OpenVINOConversion before it. Olive quantises it as ONNX.'],
  },
  shape: {
    data_config: z.string().nullable().default(null).describe('Name of the data_config with the rows to calibrate on; needed.'),
    model_type: z
      .enum(['TRANSFORMER'])
      .nullable()
      .default(null)
      .describe('How NNCF treats the model; TRANSFORMER is the only special kind.'),
    preset: z
      .enum(['PERFORMANCE', 'MIXED'])
      .default('PERFORMANCE')
      .describe('PERFORMANCE is symmetric throughout, MIXED asymmetric for activations.'),
    ignored_scope: z
      .union([scopeWords, z.array(scopeWords).max(3)])
      .nullable()
      .default(null)
      .describe('What is left as it is, by `ignored_scope_type`; lists of lists when there are several types.'),
    ignored_scope_type: z
      .union([scopeKind, z.array(scopeKind).min(1).max(3)])
      .nullable()
      .default(null)
      .describe('What the words of `ignored_scope` are: names of layers, types, or patterns of names.'),
    target_device: z
      .enum(['any', 'cpu', 'gpu', 'cpu_spr', 'npu'])
      .nullable()
      .default(null)
      .describe("Device NNCF quantises for. Null: the recipe's target."),
    transform_fn: z
      .union([modelInputsTransformSchema, z.string()])
      .nullable()
      .default(null)
      .describe("Which of the tokenizer's outputs feed the model."),
    validation_func: z
      .string()
      .nullable()
      .default(null)
      .describe('Function that measures accuracy; only OpenVINOQuantizationWithAccuracy reads it.'),
    max_drop: z.number().default(0.01).describe('Only OpenVINOQuantizationWithAccuracy reads it.'),
    drop_type: z.enum(['ABSOLUTE', 'RELATIVE']).default('ABSOLUTE').describe('Only OpenVINOQuantizationWithAccuracy reads it.'),
    extra_configs: z
      .array(z.record(z.string(), z.json()))
      .max(16)
      .nullable()
      .default(null)
      .describe('Of the entries with `advanced_quantization_parameters` the last counts.'),
    reuse_cache: z.boolean().default(false).describe('Write over the files of the pass before; changes nothing here.'),
  },
  rules: [
    ({ ignored_scope: scope, ignored_scope_type: type }) =>
      (scope === null) === (type === null) ? undefined : { param: 'ignored_scope', message: 'goes together with ignored_scope_type' },
    ({ ignored_scope: scope, ignored_scope_type: type }) =>
      isParallel(scope, type) ? undefined : { param: 'ignored_scope', message: 'must hold one list for each ignored_scope_type' },
  ],
  unsupportedReason({ transform_fn: transform, validation_func: validation, extra_configs: extra }) {
    if (typeof transform === 'string') return ' (transform_fn of a script)';
    if (validation !== null) return ' (validation_func of a script)';
    const other = Object.entries(advancedParameters(extra)).find(
      ([key, value]) => !PLAIN_ADVANCED.includes(key) || typeof value === 'object',
    );
    return other === undefined ? undefined : ` (advanced_quantization_parameters.${other[0]})`;
  },
  dataOf: ({ data_config: name }) => name,
});

/** What `extra_configs` sets of NNCF's advanced parameters; of several entries the last counts. */
export function advancedParameters(extra: readonly Readonly<Record<string, unknown>>[] | null): Readonly<Record<string, unknown>> {
  const last = (extra ?? []).map((entry) => entry['advanced_quantization_parameters']).findLast((value) => isMembers(value));
  return isMembers(last) ? last : {};
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

function isParallel(scope: readonly unknown[] | null, type: string | readonly string[] | null): boolean {
  if (scope === null || type === null) return true;
  const areLists = scope.every((entry) => Array.isArray(entry));
  if (typeof type === 'string') return scope.length === 0 || !areLists;
  return areLists && scope.length === type.length && new Set(type).size === type.length;
}
