/** Operator types with a handler of their own; every other type is handled by `anyOperator`. */
const OWN_HANDLER = [
  'AveragePool',
  'BatchNormalization',
  'Clip',
  'Conv',
  'ConvTranspose',
  'CumSum',
  'Gather',
  'GatherElements',
  'Gemm',
  'InstanceNormalization',
  'LayerNormalization',
  'MatMul',
  'MaxPool',
  'Pad',
  'Relu',
  'Reshape',
  'Resize',
  'Slice',
  'Split',
  'Squeeze',
  'TopK',
  'Transpose',
  'Unsqueeze',
  'Where',
] as const;

export type HandledOpType = (typeof OWN_HANDLER)[number];

/** What `onnxruntime`'s QOperator format has operators for and its QDQ format no handler: part of the default of plain static quantisation. */
const KNOWN_TO_QOPERATOR = [
  'Add',
  'ArgMax',
  'Concat',
  'EmbedLayerNormalization',
  'GlobalAveragePool',
  'LeakyRelu',
  'Mul',
  'Sigmoid',
  'Softmax',
] as const;

/** Operator types that plain static quantisation touches when a recipe names none. */
export const DEFAULT_OP_TYPES: ReadonlySet<string> = new Set([...OWN_HANDLER, ...KNOWN_TO_QOPERATOR]);
