import type { PassSide } from './manifest.ts';
import { nearestName } from './nearest-name.ts';

/** Passes Olive runs on the target system: their result depends on the machine. */
const TARGET_TYPES = [
  'EPContextBinaryGenerator',
  'IncDynamicQuantization',
  'IncQuantization',
  'IncStaticQuantization',
  'OptimumMerging',
  'OrtSessionParamsTuning',
  'QuarkQuantization',
  'QuarkQuantizationVitisAI',
  'RyzenGenerateModelSD',
  'VitisGenerateModelLLM',
  'VitisGenerateModelSD',
];

const HOST_TYPES = [
  'AddOliveMetadata',
  'AimetQuantization',
  'AppendPrePostProcessingOps',
  'AutoAWQQuantizer',
  'AutoClip',
  'CaptureLayerAnnotations',
  'CaptureSplitInfo',
  'ComposeOnnxModels',
  'CompositeToOnnxPackage',
  'DoRA',
  'DynamicToFixedShape',
  'ExtractAdapters',
  'Gptq',
  'GptqModel',
  'GptqQuantizer',
  'GraphSurgeries',
  'InputNCHWtoNHWC',
  'InsertBeamSearch',
  'KQuant',
  'LoHa',
  'LoKr',
  'LoRA',
  'LoftQ',
  'MatMulNBitsToQDQ',
  'MergeAdapterWeights',
  'MixedPrecisionOverrides',
  'MoEExpertsDistributor',
  'ModelBuilder',
  'NVModelOptQuantization',
  'OnnxBlockWiseRtnQuantization',
  'OnnxBnb4Quantization',
  'OnnxConversion',
  'OnnxDynamicQuantization',
  'OnnxFloat16ToFloat32',
  'OnnxFloatToFloat16',
  'OnnxHqqQuantization',
  'OnnxIODataTypeConverter',
  'OnnxKQuantQuantization',
  'OnnxMatMul4Quantizer',
  'OnnxOpVersionConversion',
  'OnnxPeepholeOptimizer',
  'OnnxQuantization',
  'OnnxQuantizationPreprocess',
  'OnnxStaticQuantization',
  'OpenVINOConversion',
  'OpenVINOEncapsulation',
  'OpenVINOIoUpdate',
  'OpenVINOOptimumConversion',
  'OpenVINOQuantization',
  'OpenVINOQuantizationWithAccuracy',
  'OpenVINOWeightCompression',
  'OptimumConversion',
  'OrtMixedPrecision',
  'OrtTransformersOptimization',
  'PowerOfTwoMethod',
  'PyTorchTensorParallel',
  'QLoRA',
  'QNNContextBinaryGenerator',
  'QNNConversion',
  'QNNModelLibGenerator',
  'QNNPreprocess',
  'QuaRot',
  'QuantizationAwareTraining',
  'Rtn',
  'SDLoRA',
  'SNPEConversion',
  'SNPEQuantization',
  'SNPEtoONNXConversion',
  'SelectiveMixedPrecision',
  'SliceGPT',
  'SparseGPT',
  'SpinQuant',
  'SplitModel',
  'StaticLLM',
  'TorchTRTConversion',
  'VitisAIAddMetaData',
  'VitisQDQQuantizer',
  'VitisQOpQuantizer',
];

const BY_LOWER_CASE: ReadonlyMap<string, { readonly type: string; readonly side: PassSide }> = new Map([
  ...HOST_TYPES.map((type): [string, { type: string; side: PassSide }] => [type.toLowerCase(), { type, side: 'host' }]),
  ...TARGET_TYPES.map((type): [string, { type: string; side: PassSide }] => [type.toLowerCase(), { type, side: 'target' }]),
]);

/** Olive's spelling and side of a pass type in any case; undefined when no Olive pass is called that. */
export function findOlivePassType(type: string): { readonly type: string; readonly side: PassSide } | undefined {
  return BY_LOWER_CASE.get(type.toLowerCase());
}

/** `; perhaps "X"` or nothing. */
export function passTypeSuggestion(type: string): string {
  const nearest = nearestName(type, [...HOST_TYPES, ...TARGET_TYPES]);
  return nearest === undefined ? '' : `; perhaps "${nearest}"`;
}
