import { onnxQuantization as manifest } from '../../domain/passes/onnx-quantization.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { GraphPass } from './pass.ts';
import { quantizeAtRunTime } from './quantization/dynamic.ts';
import { quantizeStatically } from './quantization/static.ts';

/** One of the two quantisations, by a parameter. */
export const onnxQuantization: GraphPass<ParamsOf<'OnnxQuantization'>> = {
  kind: 'graph',
  manifest,
  writesScratch: true,
  run(model, params, context) {
    const quantization = { type: manifest.type, params };
    return params.quant_mode === 'static'
      ? quantizeStatically(model, quantization, context)
      : quantizeAtRunTime(model, quantization, context);
  },
};
