import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { unknownOptions } from './quantization-options.ts';
import { commonShape, STATIC_LEFT_TO_OLIVE, staticReason, staticRules, staticShape } from './quantization-shape.ts';

/** How static quantisation differs from Olive's, whichever pass it is asked of. */
export const STATIC_DIFFERENCES = [
  'Integer types of 16 bits come as `com.microsoft` QuantizeLinear and DequantizeLinear at the opset of the model, as onnxruntime up to 1.25 writes them.',
  '`calibrate_method: Entropy` is computed as MinMax: with the 128 bins that no parameter changes its only candidate is the range that was seen.',
  '`CalibMaxIntermediateOutputs` changes nothing: memory does not grow with the number of rows. In onnxruntime 1.25 it drops rows.',
  '`tensor_quant_overrides` take integer types by name (`uint16` or `QUInt16`); Olive fails on any.',
  'Element types come from ONNX Runtime itself, so that a tensor behind an operator without shape inference is not skipped.',
];

/** Weights and activations to integers, their ranges from rows of data. */
export const onnxStaticQuantization = definePass({
  type: 'OnnxStaticQuantization',
  side: 'host',
  implementationVersion: 1,
  acceleratorAgnostic: false,
  summary: 'Quantises weights and activations; ranges of activations come from calibration on rows of data.',
  documentation: {
    notes: [
      'Three steps: the model is preprocessed (unless `quant_preprocess` is off), runs over all rows of its `data_config` on the CPU to see the range of every activation, and gets QuantizeLinear and DequantizeLinear around what is quantised. For QNN the rules are those of its execution provider. When preprocessing fails, the model is taken as it is and a finding says why.',
    ],
    leftToOlive: STATIC_LEFT_TO_OLIVE,
    differences: STATIC_DIFFERENCES,
  },
  shape: {
    quant_mode: z.literal('static').default('static').describe('This pass has no other mode.'),
    ...commonShape,
    ...staticShape,
  },
  rules: staticRules,
  unsupportedReason: staticReason,
  unknownMembers: unknownOptions,
  dataOf: ({ data_config }) => data_config,
});
