import type { Node } from './graph.ts';

/** `ai.onnx` and the empty domain are one. */
export function isOnnxDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** Whether the node calls the standard operator `opType`. */
export function isOp(node: Node, opType: string): boolean {
  return node.opType === opType && isOnnxDomain(node.domain);
}
