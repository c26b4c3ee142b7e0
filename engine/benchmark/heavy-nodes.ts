import { type Graph, subgraphsOf } from '../graph/graph.ts';

/**
 * Operators that hold the arithmetic of a network: matrix products, convolutions, attention and recurrent cells, in ONNX's, ONNX Runtime's and
 * their quantised spellings. One of these off the asked provider means that the benchmark measured something else.
 */
const HEAVY = /MatMul|Gemm|Conv|Attention|LSTM|GRU|RNN|Einsum|MoE/;

/** Whether nodes of this operator decide what a benchmark measured, by its name in any domain: no light operator of ONNX or ONNX Runtime holds these words. */
export function isHeavyOp(opType: string): boolean {
  return HEAVY.test(opType);
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
