import type { NativePassType, ParamsOf } from '../../domain/passes/registry.ts';
import { addOliveMetadata } from './add-olive-metadata.ts';
import { dynamicToFixedShape } from './dynamic-to-fixed-shape.ts';
import { epContextBinaryGenerator } from './ep-context-binary-generator.ts';
import { graphSurgeries } from './graph-surgeries.ts';
import { onnxConversion } from './onnx-conversion.ts';
import { onnxDynamicQuantization } from './onnx-dynamic-quantization.ts';
import { onnxFloatToFloat16 } from './onnx-float-to-float16.ts';
import { onnxIODataTypeConverter } from './onnx-io-data-type-converter.ts';
import { onnxOpVersionConversion } from './onnx-op-version-conversion.ts';
import { onnxQuantization } from './onnx-quantization.ts';
import { onnxQuantizationPreprocess } from './onnx-quantization-preprocess.ts';
import { onnxStaticQuantization } from './onnx-static-quantization.ts';
import { openVINOConversion } from './openvino/conversion.ts';
import { openVINOEncapsulation } from './openvino/encapsulation.ts';
import { openVINOIoUpdate } from './openvino/io-update.ts';
import { openVINOOptimumConversion } from './openvino/optimum-conversion.ts';
import { openVINOQuantization } from './openvino/quantization.ts';
import { ortSessionParamsTuning } from './ort-session-params-tuning.ts';
import { ortTransformersOptimization } from './ort-transformers-optimization.ts';
import type { Pass } from './pass.ts';
import { vitisAIAddMetaData } from './vitis-ai-add-meta-data.ts';

/** Every native pass; one that the domain names and nobody implements does not compile. */
export const PASSES: { readonly [Type in NativePassType]: Pass<ParamsOf<Type>> } = {
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
};
