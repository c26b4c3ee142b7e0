import type { Node } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { sortTopologically } from '../../graph/topology.ts';
import { attention } from './operators/attention.ts';
import { conv } from './operators/conv.ts';
import { embedLayerNormalization } from './operators/embed-layer-normalization.ts';
import type { DynamicHandler, KeptReason } from './operators/handler.ts';
import { lstm } from './operators/lstm.ts';
import { matMul } from './operators/mat-mul.ts';
import { gather, transpose } from './operators/moves.ts';
import { replaceGemms } from './replace-gemm.ts';
import { DynamicRewriter } from './rewriter.ts';
import type { DynamicSettings } from './settings.ts';

/** What dynamic quantisation can do, by operator type. */
const HANDLERS: Readonly<Record<string, DynamicHandler>> = {
  Attention: attention,
  Conv: conv,
  EmbedLayerNormalization: embedLayerNormalization,
  Gather: gather,
  LSTM: lstm,
  MatMul: matMul,
  Transpose: transpose,
};

/** First operator set with DynamicQuantizeLinear. */
export const FIRST_DYNAMIC_OPSET = 11;

/** A node that an operator's rule left as it is. */
export interface KeptNode {
  readonly opType: string;
  readonly reason: KeptReason;
}

/** What `quantizeDynamically` did. */
export interface DynamicReport {
  readonly gemmsReplaced: number;
  readonly nodesQuantized: number;
  /** Constants that became integers. */
  readonly constants: number;
  /** In graph order. */
  readonly kept: readonly KeptNode[];
}

/**
 * Quantises the weights of the main graph, in place, and lets activations become integers at run time: onnxruntime's `quantize_dynamic` with its names.
 * Types of computed values must be recorded in the graph; of opset 11 or later. Bodies of If, Loop and Scan stay as they are.
 */
export function quantizeDynamically(model: Model, settings: DynamicSettings): DynamicReport {
  const { graph } = model;
  sortTopologically(graph);
  const gemmsReplaced = replaceGemms(graph);
  sortTopologically(graph);
  const rewriter = new DynamicRewriter(model, settings);
  const kept: KeptNode[] = [];
  let nodesQuantized = 0;
  for (const node of [...graph.nodes]) {
    const handler = handlerOf(node, settings);
    if (handler === undefined) continue;
    const reason = handler.quantize(node, rewriter);
    if (reason === undefined) nodesQuantized++;
    else kept.push({ opType: node.opType, reason });
  }
  rewriter.finish();
  sortTopologically(graph);
  // Until version 4 every constant had to be listed as an input; the new ones are not.
  model.irVersion = Math.max(model.irVersion, 4);
  const usesContrib = [...graph.nodes].some(({ domain }) => domain === 'com.microsoft');
  if (usesContrib && !model.opsetImports.has('com.microsoft')) model.opsetImports.set('com.microsoft', 1);
  model.producerName = 'onnx.quantize';
  model.producerVersion = '0.1.0';
  model.metadata.set('onnx.infer', 'onnxruntime.quant');
  return { gemmsReplaced, nodesQuantized, constants: rewriter.constantCount, kept };
}

function handlerOf({ opType, domain, name }: Node, settings: DynamicSettings): DynamicHandler | undefined {
  const handler = Object.hasOwn(HANDLERS, opType) ? HANDLERS[opType] : undefined;
  if (handler === undefined || (handler.domain === '' ? !isOnnxDomain(domain) : domain !== handler.domain)) return undefined;
  const { opTypes, excludedOpTypes, nodes, excludedNodes } = settings;
  const isWanted = (opTypes?.has(opType) ?? true) && (nodes?.has(name) ?? true);
  return isWanted && !excludedOpTypes.has(opType) && !excludedNodes.has(name) ? handler : undefined;
}
