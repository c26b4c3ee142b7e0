import type { Graph, Node } from '../graph/graph.ts';
import { isOnnxDomain } from '../graph/node.ts';
import type { TensorRange } from './range.ts';
import type { QdqSettings } from './settings.ts';

/** Where the range of an activation comes from: what calibration saw of a tensor, or a rule. */
export type RangeSource = { readonly observed: string } | { readonly fixed: TensorRange };

/** Softmax yields nothing else. */
const PROBABILITIES: TensorRange = { min: 0, max: 1 };

/** Whether the settings quantise this node at all. */
export function isSelected(node: Node, settings: QdqSettings): boolean {
  if (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear') return false;
  if (!settings.opTypes.has(node.opType) || settings.excludedOpTypes.has(node.opType)) return false;
  return (settings.nodes?.has(node.name) ?? true) && !settings.excludedNodes.has(node.name);
}

/**
 * Tensors whose range is not simply what calibration saw of them: outputs of Softmax are [0, 1], and what feeds nothing but a Clip or Relu (no body and
 * no graph output either, which onnxruntime's quantizer does not look at) has the range of that node's output. In node order: the input of a Relu behind a Clip ends with the Relu's range, the input of the Clip with the Clip's.
 */
export function adjustedRanges(graph: Graph, settings: QdqSettings): ReadonlyMap<string, RangeSource> {
  const sources = new Map<string, RangeSource>();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (!isOnnxDomain(node.domain) || !isSelected(node, settings)) continue;
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.opType === 'Softmax') sources.set(output, { fixed: PROBABILITIES });
    else if ((node.opType === 'Clip' || node.opType === 'Relu') && graph.useCount(input) === 1 && !outputs.has(input)) {
      sources.set(input, sources.get(output) ?? { observed: output });
    }
  }
  return sources;
}
