import { onnxStaticQuantization as manifest } from '../../domain/passes/onnx-static-quantization.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { GraphPass } from './pass.ts';
import { quantizeStatically } from './quantization/static.ts';

/** Quantises weights and activations, the latter by what rows of data make of them. */
export const onnxStaticQuantization: GraphPass<ParamsOf<'OnnxStaticQuantization'>> = {
  kind: 'graph',
  manifest,
  writesScratch: true,
  run: (model, params, context) => quantizeStatically(model, { type: manifest.type, params }, context),
};
