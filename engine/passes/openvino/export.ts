import { onnxConversion as manifest } from '../../../domain/passes/onnx-conversion.ts';
import { onnxConversion } from '../onnx-conversion.ts';
import type { PassContext, PassResult, PassSource } from '../pass.ts';

/** The operator set that OpenVINO's ONNX front end is given. */
const OPSET = 17;

/** A checkpoint as ONNX with dynamic axes. Throws what OnnxConversion throws. */
export async function exportForOpenVino(source: PassSource, context: PassContext): Promise<PassResult> {
  return await onnxConversion.run(source, manifest.params.parse({ target_opset: OPSET }), context);
}
