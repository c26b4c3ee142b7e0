import { addOliveMetadata } from './add-olive-metadata.ts';
import { dynamicToFixedShape } from './dynamic-to-fixed-shape.ts';
import { epContextBinaryGenerator } from './ep-context-binary-generator.ts';
import { graphSurgeries } from './graph-surgeries.ts';
import type { PassManifest } from './manifest.ts';
import { onnxConversion } from './onnx-conversion.ts';
import { onnxDynamicQuantization } from './onnx-dynamic-quantization.ts';
import { onnxFloatToFloat16 } from './onnx-float-to-float16.ts';
import { onnxIODataTypeConverter } from './onnx-io-data-type-converter.ts';
import { onnxOpVersionConversion } from './onnx-op-version-conversion.ts';
import { onnxQuantization } from './onnx-quantization.ts';
import { onnxQuantizationPreprocess } from './onnx-quantization-preprocess.ts';
import { onnxStaticQuantization } from './onnx-static-quantization.ts';
import { openVINOConversion } from './openvino-conversion.ts';
import { openVINOEncapsulation } from './openvino-encapsulation.ts';
import { openVINOIoUpdate } from './openvino-io-update.ts';
import { openVINOOptimumConversion } from './openvino-optimum-conversion.ts';
import { openVINOQuantization } from './openvino-quantization.ts';
import { ortSessionParamsTuning } from './ort-session-params-tuning.ts';
import { ortTransformersOptimization } from './ort-transformers-optimization.ts';
import { vitisAIAddMetaData } from './vitis-ai-add-meta-data.ts';

/** Every pass Grove runs itself, alone or with OpenVINO's toolchain. The engine's registry is keyed by these names, so a pass without an implementation does not compile. */
export const NATIVE_PASSES = {
  AddOliveMetadata: addOliveMetadata,
  DynamicToFixedShape: dynamicToFixedShape,
  EPContextBinaryGenerator: epContextBinaryGenerator,
  GraphSurgeries: graphSurgeries,
  OnnxConversion: onnxConversion,
  OnnxDynamicQuantization: onnxDynamicQuantization,
  OnnxFloatToFloat16: onnxFloatToFloat16,
  OnnxIODataTypeConverter: onnxIODataTypeConverter,
  OnnxOpVersionConversion: onnxOpVersionConversion,
  OnnxQuantization: onnxQuantization,
  OnnxQuantizationPreprocess: onnxQuantizationPreprocess,
  OnnxStaticQuantization: onnxStaticQuantization,
  OpenVINOConversion: openVINOConversion,
  OpenVINOEncapsulation: openVINOEncapsulation,
  OpenVINOIoUpdate: openVINOIoUpdate,
  OpenVINOOptimumConversion: openVINOOptimumConversion,
  OpenVINOQuantization: openVINOQuantization,
  OrtSessionParamsTuning: ortSessionParamsTuning,
  OrtTransformersOptimization: ortTransformersOptimization,
  VitisAIAddMetaData: vitisAIAddMetaData,
} as const satisfies Record<string, PassManifest>;

/** Olive's spelling of a pass that Grove runs itself. */
export type NativePassType = keyof typeof NATIVE_PASSES;

/** Parameters after defaults of one native pass. */
export type ParamsOf<Type extends NativePassType> = (typeof NATIVE_PASSES)[Type] extends PassManifest<infer Params> ? Params : never;

const BY_LOWER_CASE: ReadonlyMap<string, PassManifest> = new Map(
  Object.values(NATIVE_PASSES).map((manifest): [string, PassManifest] => [manifest.type.toLowerCase(), manifest]),
);

/** The manifest of that type in any case; undefined for a pass Grove does not run itself. */
export function findPassManifest(type: string): PassManifest | undefined {
  return BY_LOWER_CASE.get(type.toLowerCase());
}

/** Whether a canonical type names a native pass: narrows it for the engine's registry. */
export function isNativePassType(type: string): type is NativePassType {
  return Object.hasOwn(NATIVE_PASSES, type);
}
