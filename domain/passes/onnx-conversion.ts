import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

/** Hugging Face checkpoint to ONNX, as PyTorch's TorchScript exporter writes it. */
export const onnxConversion = definePass({
  type: 'OnnxConversion',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Exports the checkpoint to ONNX with dynamic batch and sequence axes.',
  shape: {
    target_opset: z.number().int().min(7).max(26).default(20),
    use_dynamo_exporter: z.boolean().default(false),
    past_key_value_name: z.string().default('past_key_values'),
    device: z.string().nullable().default(null),
    torch_dtype: z.string().nullable().default(null),
    parallel_jobs: z.number().int().nullable().default(null),
    merge_components: z.boolean().default(false),
    merge_adapter_weights: z.boolean().default(false),
    save_metadata_for_token_generation: z.boolean().default(false),
    dynamic: z.boolean().default(true),
    optimize: z.boolean().default(true),
    dynamic_shapes_file: z.string().nullable().default(null),
    ...externalDataShape,
  },
  unsupportedReason(params) {
    if (params.use_dynamo_exporter) return ' (use_dynamo_exporter)';
    if (params.target_opset < 17 || params.target_opset > 20) return ` (target_opset ${params.target_opset})`;
    if (params.merge_adapter_weights) return ' (merge_adapter_weights)';
    if (params.torch_dtype !== null && params.torch_dtype !== 'float32') return ` (torch_dtype ${params.torch_dtype})`;
    return externalDataReason(params);
  },
});
