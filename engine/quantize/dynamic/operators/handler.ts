import type { Node } from '../../../graph/graph.ts';
import type { DynamicRewriter } from '../rewriter.ts';

/** Why a node that could be quantised by its type stayed as it is. */
export type KeptReason =
  | 'not float32'
  | 'its weight is not constant'
  | 'its weight has no finite elements'
  | 'its input is float'
  | 'its form has no integer operator';

/** Quantises nodes of one operator type: rewrites the node, or tells why it stays as it is and leaves the graph unchanged. */
export interface DynamicHandler {
  /** Domain of the operator; empty for `ai.onnx`. */
  readonly domain: '' | 'com.microsoft';
  quantize(node: Node, rewriter: DynamicRewriter): KeptReason | undefined;
}
