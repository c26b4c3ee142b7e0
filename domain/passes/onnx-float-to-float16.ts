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
  shape: {
    min_positive_val: z.number().positive().default(1e-7),
    max_finite_val: z.number().positive().default(1e4),
    /** true keeps every float graph input and output; a list keeps the named ones. */
    keep_io_types: z.union([z.boolean(), z.array(z.string())]).default(false),
    use_symbolic_shape_infer: z.boolean().default(true),
    /** Replaces the default list; null means the default list. */
    op_block_list: names,
    node_block_list: names,
    op_include_list: names,
    node_include_list: names,
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
