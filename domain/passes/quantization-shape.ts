import { z } from 'zod';
import { externalDataReason, externalDataShape } from './external-data.ts';
import { optionsReason, quantizationOptions } from './quantization-options.ts';
import { tensorQuantOverrides } from './tensor-quant-overrides.ts';

/** Parameters that the quantisation passes share, with Olive's defaults. */

/** Olive's name of an integer or float type. */
const precision = z.enum([
  'int4',
  'int8',
  'int16',
  'int32',
  'uint4',
  'uint8',
  'uint16',
  'uint32',
  'fp4',
  'fp8',
  'fp16',
  'fp32',
  'nf4',
  'bf16',
]);

const names = z.array(z.string()).nullable().default(null);

/** Of static and dynamic quantisation alike. */
export const commonShape = {
  precision: precision.default('int8').describe('Integer type of weights: `int8`, `uint8`, and for static quantisation `int16`, `uint16`.'),
  op_types_to_quantize: names.describe('Only operators of these types. Null: all that the mode knows.'),
  op_types_to_exclude: names.describe('Operators of these types stay as they are.'),
  nodes_to_quantize: names.describe('Only nodes of these names; ignored by static quantisation while `prepare_qdq_config` is on.'),
  nodes_to_exclude: names.describe('Nodes of these names stay as they are.'),
  per_channel: z.boolean().default(false).describe('A scale for each channel of a weight in place of one for the whole.'),
  reduce_range: z.boolean().default(false).describe('Weights use 7 bits; ignored by static quantisation while `prepare_qdq_config` is on.'),
  quant_preprocess: z
    .boolean()
    .default(true)
    .describe("First run ONNX Runtime's basic graph optimiser, as `OnnxQuantizationPreprocess` does."),
  activation_symmetric: z.boolean().default(false).describe('Ranges of activations are symmetric about zero.'),
  weight_symmetric: z
    .boolean()
    .nullable()
    .default(null)
    .describe('Ranges of weights are symmetric about zero. Null: if their type is signed.'),
  extra_options: quantizationOptions
    .nullable()
    .default(null)
    .describe("Options of ONNX Runtime's quantiser by its own names; the parameters above win over those of the same meaning."),
  ...externalDataShape,
};

/** Of static quantisation only. */
export const staticShape = {
  data_config: z.string().nullable().default(null).describe('Name of the data_config whose rows show how large activations become.'),
  calibrate_method: z
    .enum(['MinMax', 'Entropy', 'Percentile', 'Distribution'])
    .default('MinMax')
    .describe('How the ranges of activations follow from what the rows show.'),
  calibration_providers: z
    .array(z.string())
    .nullable()
    .default(null)
    .describe('Execution providers of the calibrating session. Null: the CPU.'),
  quant_format: z
    .enum(['QDQ', 'QOperator'])
    .default('QDQ')
    .describe('`QDQ` puts QuantizeLinear and DequantizeLinear around float operators, `QOperator` writes integer operators.'),
  activation_type: precision.default('int8').describe('Integer type of activations: `int8`, `uint8`, `int16` or `uint16`.'),
  min_real_range: z.number().nullable().default(null).describe('Least width of a range of real values. QNN always takes 1e-4.'),
  tensor_quant_overrides: tensorQuantOverrides
    .nullable()
    .default(null)
    .describe(
      'By tensor name, a list with one object, or one for each channel: `quant_type`, `scale` and `zero_point`, `rmin`, `rmax`, `symmetric`, `reduce_range`, `axis`, `convert`.',
    ),
  prepare_qdq_config: z
    .boolean()
    .default(true)
    .describe(
      'Quantise the whole model, as the execution provider of the target wants it. False: only operators that have a rule of their own.',
    ),
};

type Common = z.output<z.ZodObject<typeof commonShape>>;
type Static = Common & z.output<z.ZodObject<typeof staticShape>>;

/** Types that Olive has no quantiser for: it ends without a model. */
const WITHOUT_QUANTIZER: readonly string[] = ['int32', 'uint32', 'fp4', 'fp8', 'fp16', 'fp32', 'nf4', 'bf16'];
const CPU = 'CPUExecutionProvider';

/** What no quantiser can do, whoever runs it. */
export const staticRules: readonly ((params: Static) => { readonly param: string; readonly message: string } | undefined)[] = [
  ({ precision: weights }) => refuseType('precision', weights),
  ({ activation_type: activations }) => refuseType('activation_type', activations),
];

function refuseType(param: string, type: string): { readonly param: string; readonly message: string } | undefined {
  return WITHOUT_QUANTIZER.includes(type) ? { param, message: `quantisation to ${type} does not exist` } : undefined;
}

/** Why static quantisation with these parameters needs Olive. */
export function staticReason(params: Static): string | undefined {
  const fourBits = [params.precision, params.activation_type].find((type) => type.endsWith('int4'));
  if (fourBits !== undefined) return ` (${fourBits})`;
  if (params.quant_format !== 'QDQ') return ` (quant_format ${params.quant_format})`;
  if (params.calibrate_method === 'Percentile' || params.calibrate_method === 'Distribution')
    return ` (calibrate_method ${params.calibrate_method})`;
  const provider = params.calibration_providers?.find((name) => name !== CPU);
  if (provider !== undefined) return ` (calibration on ${provider})`;
  return optionsReason(params.extra_options) ?? externalDataReason(params);
}

/** What dynamic quantisation cannot do. */
export const dynamicRules: readonly ((params: Common) => { readonly param: string; readonly message: string } | undefined)[] = [
  ({ precision: weights }) =>
    weights === 'int8' || weights === 'uint8'
      ? undefined
      : { param: 'precision', message: 'dynamic quantisation takes weights of int8 or uint8' },
];

/** Why dynamic quantisation with these parameters needs Olive. */
export function dynamicReason(params: Common): string | undefined {
  if (params.extra_options?.TensorQuantOverrides) return ' (TensorQuantOverrides)';
  return optionsReason(params.extra_options) ?? externalDataReason(params);
}

/** Settings that send dynamic quantisation to Olive, in words. */
export const DYNAMIC_LEFT_TO_OLIVE = ['`SmoothQuant`, `EnableSubgraph` and `TensorQuantOverrides` in `extra_options`'];

/** Settings that send static quantisation to Olive, in words. */
export const STATIC_LEFT_TO_OLIVE = [
  '`precision` or `activation_type` of 4 bits',
  '`quant_format: QOperator`',
  '`calibrate_method: Percentile` and `Distribution`',
  '`calibration_providers` other than the CPU',
  '`SmoothQuant`, `CalibStridedMinMax` and `EnableSubgraph` in `extra_options`',
];
