import type { NativeSurgeon } from '../../domain/passes/native-surgeons.ts';
import type { NativePassType } from '../../domain/passes/registry.ts';
import { DataType } from '../graph/data-type.ts';

/** What a pass promises about what a model computes, for inputs and outputs in their order. */
export type Promised =
  /** Bit by bit the same. */
  | 'same'
  /** The same but for rounding. */
  | 'close'
  /** Something that ONNX Runtime accepts, and runs where it ran the model before. */
  | 'runs'
  /** Sound structure only: what the recipe asks for may contradict the model, which ONNX Runtime then says. */
  | 'sound';

/** Parameters to run a pass with. */
export interface Sample {
  readonly params: object;
  readonly promised: Promised;
}

const same = (params: object): Sample => ({ params, promised: 'same' });
const close = (params: object): Sample => ({ params, promised: 'close' });
const runs = (params: object): Sample => ({ params, promised: 'runs' });
const sound = (params: object): Sample => ({ params, promised: 'sound' });

/** One surgery for each surgeon. A surgeon without a line does not compile. */
const SURGERIES: { readonly [Name in NativeSurgeon]: readonly [promised: Promised, args: object] } = {
  DeduplicateNodes: ['same', {}],
  ExposeOutputs: ['runs', { names: ['make_p', 'make_h', 'make_c', 'make_q'] }],
  GemmToMatMulAdd: ['close', {}],
  InferShapes: ['same', {}],
  MatMulAddToGemm: ['close', {}],
  PowReduceSumPowDiv2LpNorm: ['close', {}],
  RemoveShapes: ['same', {}],
  RenameInputDims: ['sound', { input_idx: 0, dim_idx: 0, dim_name: 'renamed' }],
  RenameInputs: ['same', { old_names: ['x', 'b', 'image'], new_names: ['b', 'x', 'picture'] }],
  RenameOutputDims: ['sound', { output_idx: 0, dim_idx: 0, dim_name: 'renamed' }],
  RenameOutputs: ['same', { old_names: ['y', 'h', 's2'], new_names: ['h', 'y', 'z'] }],
  ReplaceAttentionMaskValue: ['runs', {}],
};

/** Samples for every native pass. A pass without a line does not compile; passes that make no graph of a graph have no samples. */
export const PASS_SAMPLES: { readonly [Type in NativePassType]: readonly Sample[] } = {
  AddOliveMetadata: [same({ graph_name: 'g', custom_metadata: { a: 1 } })],
  DynamicToFixedShape: [
    sound({ dim_param: ['batch', 'seq', 'n'], dim_value: [2, 3, 2] }),
    sound({ dim_param: ['batch'], dim_value: [0] }),
    sound({ input_name: ['x'], input_shape: [[2, 3, 4]] }),
  ],
  EPContextBinaryGenerator: [],
  GraphSurgeries: [
    same({ surgeries: [] }),
    ...Object.entries(SURGERIES).map(
      ([surgeon, [promised, args]]): Sample => ({ params: { surgeries: [{ surgeon, ...args }] }, promised }),
    ),
    close({ surgeries: [{ surgeon: 'MatMulAddToGemm' }, { surgeon: 'GemmToMatMulAdd' }, { surgeon: 'InferShapes' }] }),
  ],
  OnnxConversion: [],
  OnnxDynamicQuantization: [runs({}), runs({ per_channel: true, precision: 'uint8', quant_preprocess: false })],
  OnnxFloatToFloat16: [
    runs({}),
    runs({ keep_io_types: true }),
    runs({ op_block_list: ['MatMul', 'If', 'Loop', 'Div'] }),
    runs({ op_include_list: ['MatMul', 'Conv', 'Gemm'], keep_io_types: ['x', 'y'] }),
    runs({ node_block_list: ['make_p', 'make_y', 'make_h', 'then_a'] }),
  ],
  OnnxIODataTypeConverter: [
    runs({ name_pattern: '', source_dtype: DataType.FLOAT, target_dtype: DataType.FLOAT16 }),
    same({ name_pattern: 'y', source_dtype: DataType.FLOAT, target_dtype: DataType.FLOAT }),
  ],
  OnnxOpVersionConversion: [13, 17, 18, 21].map((target_opset) => close({ target_opset })),
  OnnxQuantization: [runs({ data_config: 'data', quant_mode: 'static', precision: 'uint8', activation_type: 'uint8' })],
  OnnxQuantizationPreprocess: [close({})],
  OnnxStaticQuantization: [
    runs({ data_config: 'data', precision: 'uint8', activation_type: 'uint16' }),
    runs({ data_config: 'data', per_channel: true, quant_preprocess: false }),
  ],
  OpenVINOConversion: [],
  OpenVINOEncapsulation: [],
  OpenVINOIoUpdate: [],
  OpenVINOOptimumConversion: [],
  OpenVINOQuantization: [],
  OrtSessionParamsTuning: [],
  OrtTransformersOptimization: [
    close({ model_type: 'bert', opt_level: 0 }),
    close({ model_type: 'bert', opt_level: 1, optimization_options: { enable_attention: false, enable_skip_layer_norm: false } }),
    close({ model_type: 'bert', opt_level: 99, only_onnxruntime: true }),
  ],
  VitisAIAddMetaData: [same({ activation_type: 'uint16' })],
};
