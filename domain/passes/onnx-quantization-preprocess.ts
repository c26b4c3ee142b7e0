import { z } from 'zod';
import { definePass } from './define-pass.ts';
import { externalDataReason, externalDataShape } from './external-data.ts';

/** What quantisation does first, as a pass of its own. */
export const onnxQuantizationPreprocess = definePass({
  type: 'OnnxQuantizationPreprocess',
  side: 'host',
  implementationVersion: 3,
  acceleratorAgnostic: true,
  summary: "Runs ONNX Runtime's basic graph optimiser and records types and shapes, in preparation for quantisation.",
  documentation: {
    notes: [
      'Shape arithmetic folds, constants merge, MatMul with a bias becomes Gemm where shapes are static. Unlike the same step inside a quantisation pass, this one fails when ONNX Runtime does not accept the model.',
    ],
    leftToOlive: [],
    differences: [
      "Types and shapes come from ONNX Runtime in one step, which stands for both of Olive's: it is left out only when `skip_onnx_shape` and `skip_symbolic_shape` are both set.",
    ],
  },
  shape: {
    skip_optimization: z.boolean().default(false).describe('Leave the graph as it is.'),
    skip_onnx_shape: z.boolean().default(false).describe('Skip inference by the ONNX package.'),
    skip_symbolic_shape: z.boolean().default(false).describe('Skip symbolic inference.'),
    ...externalDataShape,
  },
  unsupportedReason: externalDataReason,
});
