import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { unknownOptions } from './quantization-options.ts';
import { commonShape, DYNAMIC_LEFT_TO_OLIVE, dynamicReason, dynamicRules } from './quantization-shape.ts';

/** How dynamic quantisation differs from Olive's, whichever pass it is asked of. */
export const DYNAMIC_DIFFERENCES = [
  'Operators on float16 stay as they are: ONNX Runtime has no integer operator for them, and Olive writes a model that does not load.',
  'A constant that both an integer and a float operator read is kept in a form for each; onnxruntime defines its name twice.',
];

/** Weights to integers; activations become integers at run time. */
export const onnxDynamicQuantization = definePass({
  type: 'OnnxDynamicQuantization',
  side: 'host',
  implementationVersion: 3,
  acceleratorAgnostic: true,
  summary: 'Quantises weights; activations are quantised at run time, so that no data is needed.',
  documentation: {
    notes: [
      'Conv and MatMul (also out of a plain Gemm) with constant weights become ConvInteger and MatMulInteger behind a DynamicQuantizeLinear; Attention, LSTM and EmbedLayerNormalization become their integer counterparts of `com.microsoft`; Gather on a constant, and Transpose behind it, move integers. Not for QNN.',
    ],
    leftToOlive: DYNAMIC_LEFT_TO_OLIVE,
    differences: DYNAMIC_DIFFERENCES,
  },
  shape: {
    quant_mode: z.literal('dynamic').default('dynamic').describe('This pass has no other mode.'),
    ...commonShape,
  },
  rules: dynamicRules,
  unsupportedReason: dynamicReason,
  unknownMembers: unknownOptions,
});
