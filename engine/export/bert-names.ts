import type { BertConfig } from './bert-config.ts';

/** Names that TorchScript's value counter decides. */
export interface CountedNames {
  /** Node and output of the position ids Constant. */
  readonly positionIds: { readonly node: string; readonly value: string };
  /** Node and output of the five bare Constants of a layer (axes of its Unsqueeze nodes), in order. */
  bareConstant(layer: number, index: number): { readonly node: string; readonly value: string };
  /** The unnamed pooler output of a feature extractor. */
  readonly poolerOutput: string;
  /** Transposed weights of a layer: query, key, value, attention output, feed-forward in, feed-forward out. */
  matMul(layer: number, index: number): string;
}

/** A layer's values in the trace: 95 with the five-node GELU, seven less when GELU is one node. */
const LAYER_VALUES = 95;
const LAYER_NODES = 79;
const GELU_SAVES = 7;

/**
 * TorchScript numbers every value while it traces and leaves those numbers in names: `onnx::MatMul_743`, the pooler output `738`. They follow from
 * the trace's length alone. Counted on exports of BertModel and BertForSequenceClassification by PyTorch 2.x with transformers 4.57 (2 and 6 layers,
 * opsets 17 to 20); other versions of either number differently, so nobody may address a value by them. Grove uses them to be comparable node by node.
 */
export function countedNames(config: BertConfig, options: { readonly classifier: boolean; readonly nativeGelu: boolean }): CountedNames {
  const { layerCount } = config;
  const saved = options.nativeGelu ? GELU_SAVES : 0;
  const heads = options.classifier ? 2 : 0;
  const valueStride = LAYER_VALUES - saved;
  const nodeStride = LAYER_NODES - saved;
  const positionValue = 16 * layerCount + 14 + heads;
  const positionNode = (options.nativeGelu ? 20 : 23) * layerCount + 22;
  const layerValue = (layer: number): number => positionValue + 64 + (layer === 0 ? 0 : 1) + valueStride * layer;
  const tailShift = (layer: number): number => (layer === 0 ? 1 : 0);
  const pooler = layerValue(layerCount - 1) + 59 + tailShift(layerCount - 1) + 29 - saved;
  const firstMatMul = pooler + 5 + (options.classifier ? 1 : 0);
  return {
    positionIds: { node: `Constant_${positionNode}`, value: `onnx::Slice_${positionValue}` },
    bareConstant(layer, index) {
      const value = layerValue(layer) + ([0, 9, 18, 57, 59][index] ?? 0) + (index > 2 ? tailShift(layer) : 0);
      const node = positionNode + 56 + nodeStride * layer + ([0, 6, 12, 46, 48][index] ?? 0);
      return { node: `Constant_${node}`, value: `onnx::Unsqueeze_${value}` };
    },
    poolerOutput: String(pooler),
    matMul: (layer, index) => `onnx::MatMul_${firstMatMul + 16 * layer + ([0, 10, 11, 13, 14, 15][index] ?? 0)}`,
  };
}
