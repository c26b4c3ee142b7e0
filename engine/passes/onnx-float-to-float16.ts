import { onnxFloatToFloat16 as manifest } from '../../domain/passes/onnx-float-to-float16.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { convertToHalf } from './float16/convert-model.ts';
import type { GraphPass } from './pass.ts';

/** Float32 to float16, by the algorithm of ONNX Runtime's converter with Olive's limits. */
export const onnxFloatToFloat16: GraphPass<ParamsOf<'OnnxFloatToFloat16'>> = {
  kind: 'graph',
  manifest,
  async run(model, params, context) {
    return { model, report: await convertToHalf(model, { ...params, type: manifest.type, force_fp16_inputs: {} }, context) };
  },
};
