import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

const names = z.array(z.string()).nullable().default(null);

/** Bounds of ONNX Runtime's converter: beyond them lies no float16 number. */
const SMALLEST_HALF = 5.96e-8;
const LARGEST_HALF = 65_504;

/** Float32 to float16, with Olive's limits (1e-7 and 1e4), which are narrower than ONNX Runtime's own. */
export const onnxFloatToFloat16 = definePass({
  type: 'OnnxFloatToFloat16',
  side: 'host',
  implementationVersion: 4,
  acceleratorAgnostic: true,
  summary: 'Converts weights, constants and computation to float16; blocked operators stay float32 between Casts.',
  documentation: {
    notes: [
      "The algorithm of ONNX Runtime's converter with Olive's limits: magnitudes below `min_positive_val` are raised to it, those above `max_finite_val` are lowered to it; zero, infinities and NaN stay.",
    ],
    leftToOlive: [],
    differences: [
      'Blocked If, Loop and Scan nodes keep their whole bodies in float32, and what the bodies read from outside reaches them through Casts. The reference converter leaves such a graph with mixed types.',
      "Operators without a float16 form in the model's operator set (QuantizeLinear and DequantizeLinear below 19, Range, Celu...) stay float32 whatever the lists say; the reference converter writes a graph that does not load.",
      'Blocked nodes that read one value share its Cast; the reference writes one for each, under the same name.',
      'With `node_include_list` a node without a name stays float32, since no list can name it; Olive 0.13 converts it, later versions refuse the model.',
      'Of Casts behind each other the first is skipped only where that changes no more than rounding; the reference converter also skips a Cast to int between two floats, which then cuts no fractions off any more.',
      'Names in `keep_io_types`, `node_block_list` and `node_include_list` that the model does not have are findings.',
      'Types come from ONNX Runtime itself, so `use_symbolic_shape_infer` changes nothing.',
      '`Constant.value_float` and `ConstantOfShape` without a value become valid float16 graphs; the reference converter leaves them float32.',
    ],
  },
  shape: {
    min_positive_val: z.number().min(SMALLEST_HALF).default(1e-7).describe('Smallest magnitude a converted constant may have.'),
    max_finite_val: z.number().positive().max(LARGEST_HALF).default(1e4).describe('Largest magnitude a converted constant may have.'),
    keep_io_types: z
      .union([z.boolean(), z.array(z.string())])
      .default(false)
      .describe(
        "True keeps float32 for every graph input and output, a list for the named ones. ONNX Runtime's own tool keeps them by default.",
      ),
    use_symbolic_shape_infer: z.boolean().default(true).describe('How Olive finds the types inside the graph.'),
    op_block_list: names.describe(
      'Operator types that stay float32. Replaces the default list, does not add to it; null means the default list.',
    ),
    node_block_list: names.describe('Names of nodes that stay float32.'),
    op_include_list: names.describe('Only these operator types are converted. Not together with `op_block_list`.'),
    node_include_list: names.describe('Only nodes of these names are converted. Not together with `node_block_list`.'),
    ...externalDataShape,
  },
  unsupportedReason: externalDataReason,
  rules: [
    (params) =>
      isGiven(params.op_include_list) && params.op_block_list !== null
        ? { param: 'op_include_list', message: 'cannot be combined with op_block_list' }
        : undefined,
    (params) =>
      isGiven(params.node_include_list) && params.node_block_list !== null
        ? { param: 'node_include_list', message: 'cannot be combined with node_block_list' }
        : undefined,
  ],
});

/** To Olive an empty list of what to include is as good as none. */
function isGiven(list: readonly string[] | null): boolean {
  return (list?.length ?? 0) > 0;
}
