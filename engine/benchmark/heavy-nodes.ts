import { type Graph, subgraphsOf } from '../graph/graph.ts';

/**
 * Operators that hold the arithmetic of a network: matrix products, convolutions, attention and recurrent cells, in ONNX's, ONNX Runtime's and
 * their quantised spellings. One of these off the asked provider means that the benchmark measured something else.
 */
const HEAVY =
  /^(Fused|QLinear|Quantized|Q|DynamicQuantize|NhwcFused|Nhwc)?(MatMul|Gemm|Conv|ConvTranspose|Attention|MultiHeadAttention|LSTM|GRU|RNN)/;
const HEAVY_BY_NAME = new Set([
  'PackedAttention',
  'PackedMultiHeadAttention',
  'GroupQueryAttention',
  'DecoderMaskedMultiHeadAttention',
  'LongformerAttention',
  'Einsum',
  'TransposeMatMul',
]);

/** Whether nodes of this operator decide what a benchmark measured. Domains are ignored: the names do not collide. */
export function isHeavyOp(opType: string): boolean {
  return HEAVY.test(opType) || HEAVY_BY_NAME.has(opType);
}

/** Heavy nodes of a graph and the bodies inside it, before any provider has fused or partitioned it. */
export function countHeavyNodes(graph: Graph): number {
  let count = 0;
  for (const node of graph.nodes) {
    if (isHeavyOp(node.opType)) count += 1;
    for (const body of subgraphsOf(node)) count += countHeavyNodes(body);
  }
  return count;
}
