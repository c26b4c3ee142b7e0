import { z } from 'zod';
import type { Json } from '../json.ts';
import { definePass } from './define-pass.ts';
import { EXPORT_TASKS, hfModelReason } from './hf-model.ts';

const members = z.record(z.string().max(100), z.json()).nullable().default(null);

/** Arguments that change nothing of an encoder's graph. */
const INERT_ARGUMENTS = ['device', 'disable_convert_tokenizer', 'disable_stateful', 'framework', 'task'];

/** Hugging Face checkpoint to OpenVINO IR. */
export const openVINOOptimumConversion = definePass({
  type: 'OpenVINOOptimumConversion',
  side: 'host',
  toolchain: 'openvino',
  implementationVersion: 1,
  acceleratorAgnostic: true,
  summary: 'Exports the checkpoint and converts it to OpenVINO IR with dynamic batch and sequence axes, in float32.',
  documentation: {
    notes: [
      "The checkpoint is exported by Grove itself, as OnnxConversion does at opset 17, and OpenVINO's ONNX front end makes the IR of it. Outputs are those that optimum declares: the hidden states, or the head's.",
      '`extra_args.task` decides the task and wins over the recipe’s; `--task` replaces it.',
    ],
    leftToOlive: [
      '`components`',
      '`ov_quant_config` that compresses weights',
      '`extra_args` without a task, with one that OnnxConversion does not export, or that change the graph otherwise than by `task`',
      'models that OnnxConversion leaves to Olive',
    ],
    differences: [
      'Olive goes from PyTorch to OpenVINO through optimum, without ONNX between: operators are the same, names of layers are not. Converted alike afterwards, the results agree within the rounding of int8 (docs/toolchains.md).',
      'No tokenizer is converted beside the model.',
    ],
  },
  shape: {
    components: z.array(z.string()).nullable().default(null).describe('Parts of a composite model to export; an encoder has one.'),
    device: z.string().default('cpu').describe('Device the export runs on. It overwrites `extra_args.device`, and changes nothing here.'),
    extra_args: members.describe("Arguments of optimum's export; of them `task` is read."),
    ov_quant_config: members.describe('Compression of weights during the export.'),
  },
  unsupportedReason({ components, extra_args: extra, ov_quant_config: compression }, model) {
    if (components !== null) return ' (components)';
    if (Object.entries(compression ?? {}).some(([key, value]) => isGiven(value) && !(key === 'weight_format' && value === 'fp32')))
      return ' (ov_quant_config)';
    const task = extra?.['task'];
    if (typeof task !== 'string') return ' (extra_args without a task)';
    if (!EXPORT_TASKS.some((known) => known === task)) return ` (extra_args.task ${task})`;
    const other = Object.entries(extra ?? {}).find(([key, value]) => isGiven(value) && !isInert(key, value));
    if (other !== undefined) return ` (extra_args.${other[0]})`;
    return model.type === 'HfModel' ? hfModelReason(model.config) : ` (an input model of type ${model.type})`;
  },
});

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function isInert(key: string, value: Json): boolean {
  return INERT_ARGUMENTS.includes(key) || (key === 'library' && value === 'transformers');
}
