import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';
import { EXPORT_TASKS, hfModelReason, plainDtype } from './hf-model.ts';
import type { StartingModel } from './manifest.ts';

/** Hugging Face checkpoint to ONNX, as PyTorch's TorchScript exporter writes it. */
export const onnxConversion = definePass({
  type: 'OnnxConversion',
  side: 'host',
  implementationVersion: 3,
  acceleratorAgnostic: true,
  summary: 'Exports the checkpoint to ONNX with dynamic batch and sequence axes.',
  documentation: {
    notes: [
      "Writes the graph that PyTorch's TorchScript exporter writes for scaled-dot-product attention: the same inputs, outputs and dynamic axes (`batch_size`, `sequence_length`), layer normalisation as one node, GELU as one node from opset 20 and as the five-node Erf chain before.",
      '`io_config` of the model is honoured: names, shapes and types of the inputs (`input_ids`, `attention_mask` and, where the architecture has them, `token_type_ids`; int64 or int32), names of the outputs, dynamic axes. Without it the task decides, as in Olive. `load_kwargs.attn_implementation: eager` writes attention step by step: scores divided by the root of the head size, the mask multiplied and added.',
      'In float16 the masked score is -65504, and everything is float16 but the scale of the attention, which PyTorch divides in float32.',
      "The pooler's output has no name in Olive's export (it receives a number that changes with the PyTorch version). Address it by position.",
    ],
    leftToOlive: [
      '`use_dynamo_exporter`',
      '`target_opset` below 17 or above 21',
      '`merge_adapter_weights`',
      'a `torch_dtype` other than float32 and float16',
      '`save_metadata_for_token_generation`',
      'a task of the model other than those above',
      "the model's `adapter_path`, `io_config` as a script or with `kv_cache`, and `load_kwargs` that change the model otherwise than by `attn_implementation` (`sdpa`, `eager`) or `torch_dtype` (float32, float16, auto)",
    ],
    differences: [
      "Parameters of equal content stay apart; PyTorch's exporter keeps one and puts an Identity in the place of each other.",
      "At opset 21, which PyTorch's TorchScript exporter does not write, the graph is that of opset 20.",
      "Inputs that `io_config` lists in another order than the model's keep their meaning; PyTorch names inputs by position and would mix them up.",
      'A head or pooler that the checkpoint lacks is never filled with random weights: a missing head is an error, without a pooler there is no pooled output.',
    ],
  },
  shape: {
    target_opset: z.number().int().min(7).max(26).default(20).describe('Opset of the default domain that the graph is written for.'),
    use_dynamo_exporter: z.boolean().default(false).describe("Export through PyTorch's dynamo exporter."),
    past_key_value_name: z
      .string()
      .default('past_key_values')
      .describe('Name of the key-value cache of generating models; an encoder has none.'),
    device: z.string().nullable().default(null).describe('Device PyTorch traces on. Nothing is traced here, so it changes nothing.'),
    torch_dtype: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'Type of weights and computation, float32 or float16. Null: as `load_kwargs` of the model says, else float32 whatever the checkpoint has.',
      ),
    parallel_jobs: z
      .number()
      .int()
      .nullable()
      .default(null)
      .describe('Processes for the parts of a composite model; changes nothing here.'),
    merge_components: z.boolean().default(false).describe('Merge the parts of a composite model; an encoder has one part.'),
    merge_adapter_weights: z.boolean().default(false).describe("Fold an adapter's weights into the model first."),
    save_metadata_for_token_generation: z
      .boolean()
      .default(false)
      .describe('Save tokenizer and generation settings beside generating models.'),
    dynamic: z.boolean().default(true).describe('Keep batch and sequence as symbolic dimensions.'),
    optimize: z.boolean().default(true).describe('Let the dynamo exporter optimise its graph; nothing without that exporter.'),
    dynamic_shapes_file: z
      .string()
      .nullable()
      .default(null)
      .describe('File of dynamic shapes for the dynamo exporter; nothing without it.'),
    ...externalDataShape,
  },
  unsupportedReason(params, model) {
    if (params.use_dynamo_exporter) return ' (use_dynamo_exporter)';
    if (params.target_opset < 17 || params.target_opset > 21) return ` (target_opset ${params.target_opset})`;
    if (params.merge_adapter_weights) return ' (merge_adapter_weights)';
    if (params.save_metadata_for_token_generation) return ' (save_metadata_for_token_generation)';
    if (!EXPORTED_DTYPES.includes(plainDtype(params.torch_dtype ?? 'float32'))) return ` (torch_dtype ${params.torch_dtype})`;
    return (model.type === 'HfModel' ? modelReason(model) : undefined) ?? externalDataReason(params);
  },
});

/** Types of an export. */
const EXPORTED_DTYPES: readonly string[] = ['float32', 'float16'];

function modelReason({ task, config }: StartingModel): string | undefined {
  return EXPORT_TASKS.some((known) => known === task)
    ? hfModelReason(config)
    : ` (task ${task}; natively exported are ${EXPORT_TASKS.join(', ')})`;
}
