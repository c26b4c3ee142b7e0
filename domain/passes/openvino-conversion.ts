import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { EXPORT_TASKS, hfModelReason } from './hf-model.ts';
import { inputShapes } from './openvino-io-update.ts';

/** An ONNX model or a Hugging Face checkpoint to OpenVINO IR. */
export const openVINOConversion = definePass({
  type: 'OpenVINOConversion',
  side: 'host',
  toolchain: 'openvino',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Converts an ONNX model, or the export of a checkpoint, to OpenVINO IR.',
  documentation: {
    notes: [
      'An ONNX model is what the passes before made, or what the recipe starts from. A checkpoint is first exported by Grove, as OnnxConversion does at opset 17.',
    ],
    leftToOlive: [
      '`input_shapes` and `example_input_func` that name a function',
      '`extra_configs`',
      'checkpoints that OnnxConversion leaves to Olive',
    ],
    differences: ['The files of a result are called `model.*` whatever `model_name` says.'],
  },
  shape: {
    input_shapes: z
      .union([inputShapes, z.string()])
      .nullable()
      .default(null)
      .describe('One shape for each input by position, -1 for a size that stays open; read when `static` is set.'),
    example_input_func: z.string().nullable().default(null).describe('Function that makes an example of the inputs for PyTorch.'),
    compress_to_fp16: z.boolean().default(true).describe('Store float32 weights as float16.'),
    extra_configs: z.record(z.string(), z.json()).nullable().default(null).describe("Further arguments of OpenVINO's conversion."),
    model_name: z.string().default('ov_model').describe('Name of the files.'),
    static: z.boolean().default(true).describe('Fix the shapes that `input_shapes` gives.'),
  },
  unsupportedReason({ input_shapes: shapes, example_input_func: example, extra_configs: extra }, { type, task, config }) {
    if (typeof shapes === 'string') return ' (input_shapes of a function)';
    if (example !== null) return ' (example_input_func)';
    if (extra !== null && Object.keys(extra).length > 0) return ' (extra_configs)';
    if (type !== 'HfModel') return undefined;
    return EXPORT_TASKS.some((known) => known === task) ? hfModelReason(config) : ` (task ${task})`;
  },
});
