import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

const names = z.array(z.string()).nullable().default(null);

/** Float32 to float16, with Olive's limits (1e-7 and 1e4), which are narrower than ONNX Runtime's own. */
export const onnxFloatToFloat16 = definePass({
  type: 'OnnxFloatToFloat16',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Converts weights, constants and computation to float16; blocked operators stay float32 between Casts.',
  documentation: {
    notes: [
      "The algorithm of ONNX Runtime's converter with Olive's limits: magnitudes below `min_positive_val` are raised to it, those above `max_finite_val` are lowered to it; zero, infinities and NaN stay.",
    ],
    leftToOlive: [],
    differences: [
      'Types come from ONNX Runtime itself, so `use_symbolic_shape_infer` changes nothing.',
      '`Constant.value_float` and `ConstantOfShape` without a value become valid float16 graphs; the reference converter leaves them float32.',
    ],
  },
  shape: {
    min_positive_val: z.number().positive().default(1e-7).describe('Smallest magnitude a converted constant may have.'),
    max_finite_val: z.number().positive().default(1e4).describe('Largest magnitude a converted constant may have.'),
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
      params.op_include_list !== null && params.op_block_list !== null
        ? { param: 'op_include_list', message: 'cannot be combined with op_block_list' }
        : undefined,
    (params) =>
      params.node_include_list !== null && params.node_block_list !== null
        ? { param: 'node_include_list', message: 'cannot be combined with node_block_list' }
        : undefined,
  ],
});
