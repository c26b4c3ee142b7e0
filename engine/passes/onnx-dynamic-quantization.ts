import { onnxDynamicQuantization as manifest } from '../../domain/passes/onnx-dynamic-quantization.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { GraphPass } from './pass.ts';
import { quantizeAtRunTime } from './quantization/dynamic.ts';

/** Quantises weights, and lets activations become integers at run time. */
export const onnxDynamicQuantization: GraphPass<ParamsOf<'OnnxDynamicQuantization'>> = {
  kind: 'graph',
  manifest,
  writesScratch: true,
  run: (model, params, context) => quantizeAtRunTime(model, { type: manifest.type, params }, context),
};
