import { onnxQuantizationPreprocess as manifest } from '../../domain/passes/onnx-quantization-preprocess.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import { preprocess } from '../quantize/preprocess.ts';
import type { GraphPass } from './pass.ts';

/** What the quantisation passes do first, as a pass of its own: it fails where they go on with the model as it is. */
export const onnxQuantizationPreprocess: GraphPass<ParamsOf<'OnnxQuantizationPreprocess'>> = {
  kind: 'graph',
  manifest,
  writesScratch: true,
  async run(model, params, { runtime, scratch }) {
    const result = await preprocess(model, runtime, {
      skipOptimization: params.skip_optimization,
      scratch,
      skipTypes: params.skip_onnx_shape && params.skip_symbolic_shape,
    });
    return { model: result, report: { type: manifest.type, counts: { typesRecorded: result.graph.valueInfo.size }, findings: [] } };
  },
};
