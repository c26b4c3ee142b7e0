import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';
import { optimizerOf } from './transformer-model-types.ts';

const names = z.array(z.string()).nullable().default(null);
const count = z.number().int().nonnegative().default(0);

/** Fusions of transformer encoders: ONNX Runtime's own optimiser first, then those of its transformer tool, then float16. */
export const ortTransformersOptimization = definePass({
  type: 'OrtTransformersOptimization',
  side: 'host',
  implementationVersion: 3,
  acceleratorAgnostic: false,
  summary: 'Fuses the parts of transformer encoders into single operators, and converts to float16 where asked to.',
  documentation: {
    notes: [
      "With `opt_level` above 0 ONNX Runtime's own optimiser comes first, without sharing constants; from level 2 on also without the fusions that would hide what the second step looks for. The second step fuses what Grove finds by structure, never by name: normalisations, the forms of Gelu, attention, embeddings, and what skips and biases can join them. The third step is `float16`, with ONNX Runtime's limits (5.96e-8 and 65504).",
      'The model types `bert`, `vit` and `swin` share these fusions. The type of a Hugging Face model is read as Olive reads it: `distilbert`, `roberta`, `camembert`, `deberta` and `deberta-v2` count as `bert`; others, `xlm-roberta` among them, leave the model unchanged unless the recipe names a `model_type`.',
      'Fused attention takes the mask of `bert` as a number of tokens per row: rows must be padded at their end. `attention_mask_format: 2` keeps the mask as it is.',
      'Ends with an error, as in Olive: `float16` for the CPU or TensorRT provider, `use_gpu` for the CPU provider, `only_onnxruntime` at level 0.',
    ],
    leftToOlive: ['other model types with fusions of their own (`gpt2`, `clip`, `unet`...)', '`use_gqa`'],
    differences: [
      "The result imports `com.microsoft` where it uses it; Olive's own file does not and fails the ONNX checker.",
      "ONNX Runtime's optimiser always runs on the CPU provider, so that the result does not depend on the machine. For `use_gpu` it runs at level 1, where it does not depend on the provider; it is left out at higher levels and for float16 models, and the report says so.",
      'A fusion is made only where its operator computes the same: axes, permutations, scaling and positions are checked, and values that others read or that are outputs stay. Olive checks less and can break such models.',
      'Casts before int32 inputs (`input_int32`) go only when they are to int32.',
      'The bodies of If, Loop and Scan stay as they are.',
      'A mask of floats stays outside of fused attention, which only counts tokens.',
      'Results are loaded once on the CPU provider, which has no `GemmFastGelu`: `enable_gemm_fast_gelu` ends with that error where it matches.',
      'Fusions for already quantised models (`enable_qordered_matmul`) and rotary embeddings, which encoders do not have, are not made.',
    ],
  },
  shape: {
    model_type: z
      .string()
      .nullable()
      .default(null)
      .describe("Kind of model, as ONNX Runtime's tool names it. Null: from the model's config."),
    num_heads: count.describe('Attention heads where the graph does not tell; 0: from the config.'),
    num_key_value_heads: count.describe('Key and value heads, for `use_gqa`.'),
    hidden_size: count.describe('Joined size of the heads where the graph does not tell; 0: from the config.'),
    optimization_options: z
      .record(z.string(), z.json())
      .nullable()
      .default(null)
      .describe('Fusions to switch on or off, over the defaults of the model type. Unknown names are ignored, as in Olive.'),
    opt_level: z
      .union([z.literal(0), z.literal(1), z.literal(2), z.literal(99)])
      .nullable()
      .default(null)
      .describe("Level of ONNX Runtime's own optimiser: none, basic, extended, all. Null is 1."),
    use_gpu: z.boolean().nullable().default(null).describe('Optimise for a GPU. Null: the device is one and the provider not the CPU.'),
    only_onnxruntime: z.boolean().default(false).describe("Only ONNX Runtime's own optimiser, no further fusions."),
    float16: z.boolean().default(false).describe('Convert to float16 at the end.'),
    keep_io_types: z.boolean().default(true).describe('With `float16`: inputs and outputs stay float32.'),
    force_fp32_ops: names.describe('With `float16`: operator types that stay float32. Null: those without float16 kernels.'),
    force_fp32_nodes: names.describe('With `float16`: names of nodes that stay float32.'),
    force_fp16_inputs: z
      .record(z.string(), z.array(z.number().int().nonnegative()))
      .nullable()
      .default(null)
      .describe('With `float16`: inputs, by operator type, that become float16 although they are kept float32 by default.'),
    use_gqa: z.boolean().default(false).describe('With `float16`: GroupQueryAttention in place of MultiHeadAttention.'),
    input_int32: z.boolean().default(false).describe('Take int64 inputs as int32.'),
    ...externalDataShape,
  },
  unsupportedReason(params) {
    if (params.use_gqa) return ' (use_gqa)';
    if (params.model_type !== null && optimizerOf(params.model_type) === 'olive') return ` (model_type ${params.model_type})`;
    return externalDataReason(params);
  },
});
