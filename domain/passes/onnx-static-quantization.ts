import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { unknownOptions } from './quantization-options.ts';
import { commonShape, STATIC_LEFT_TO_OLIVE, staticReason, staticRules, staticShape } from './quantization-shape.ts';

/** How static quantisation differs from Olive's, whichever pass it is asked of. */
export const STATIC_DIFFERENCES = [
  'Before opset 21, integer types of 16 bits come as `com.microsoft` QuantizeLinear and DequantizeLinear at the opset of the model, as onnxruntime up to 1.25 writes them. So does float16 before opset 19, scales by channel before 13 and everything before 10, where onnxruntime writes nodes that the opset does not have or converts the model.',
  'Where onnxruntime writes a model that computes something else, Grove does not: `beta` of a Gemm is kept, in the bias; the bias of a Gemm with an `alpha` other than 1 stays float; a Clip stays whose bounds leave out zero or are computed, and a Relu whose output is quantised beyond zero; a Clip or Relu stays whose output is read as floats by a body, or beside dedicated pairs by a node that is left out or as a graph output; a graph output that feeds a Relu keeps its own range.',
  'An initializer that is a graph input too is a default that callers may replace: it stays float and an input.',
  'Operators of other domains are never taken for those of ONNX that have their name.',
  'With `per_channel`, stacks of matrices in MatMul and weights that operators want along different axes are quantised as a whole, and what is gathered from a weight with channels has a scale of its own. ONNX Runtime refuses to run the one, and computes something else from the others.',
  'A weight of any type gets a larger scale where its bias would not fit 32 bits, not only a symmetric signed one; elsewhere (a product of two activations, the adjustment switched off) such a bias stays float. onnxruntime clamps it.',
  'What cannot be quantised stays float and is reported: an unknown type, a range or constant that is not finite, a float16 range too narrow for its integers, a bias that does not match the channels. There onnxruntime fails, runs for ever or writes infinite scales.',
  '`calibrate_method: Entropy` is computed as MinMax: with the 128 bins that no parameter changes its only candidate is the range that was seen.',
  '`CalibMaxIntermediateOutputs` changes nothing: memory does not grow with the number of rows. In onnxruntime 1.25 it drops rows.',
  '`tensor_quant_overrides` take integer types by name (`uint16` or `QUInt16`); Olive fails on any.',
  'Element types come from ONNX Runtime itself, so that a tensor behind an operator without shape inference is not skipped.',
];

/** Weights and activations to integers, their ranges from rows of data. */
export const onnxStaticQuantization = definePass({
  type: 'OnnxStaticQuantization',
  side: 'host',
  implementationVersion: 5,
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
