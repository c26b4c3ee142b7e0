import type { Node } from '../../graph/graph.ts';
import { type AttentionMasks, castToInt32 } from './attention-mask.ts';
import { countFromZero } from './counting-rows.ts';
import { type Embedding, embeddingBefore } from './embedding.ts';
import type { Scene } from './scene.ts';
import { epsilonOf, isNormOverLastAxis } from './skip-layer-norm.ts';

/** Input of a fused attention operator that takes the mask. */
const MASK_INPUT: Readonly<Record<string, number>> = { Attention: 3, MultiHeadAttention: 4 };

/** Where EmbedLayerNormalization takes the mask, whose lengths it then tells as its second output. */
const EMBED_MASK_INPUT = 7;

/**
 * Looked up embeddings with their sum and normalisation become one `EmbedLayerNormalization`, in front of what is or looks like attention. It
 * also counts the ones of a mask for the attention behind it, where the mask is one of `movable`. Returns how many.
 */
export function fuseEmbedLayerNorm(scene: Scene, movable: AttentionMasks | undefined): number {
  const fuse = (norm: Node): boolean => {
    const found = embeddingBefore(scene, norm);
    const attention = found && attentionBehind(scene, norm);
    const embedding = found && (attention === undefined ? beforeUnfused(scene, norm, found) : found);
    if (embedding === undefined) return false;
    const embed = replaceBy(scene, norm, embedding);
    if (movable !== undefined && attention !== undefined) moveMask(scene, embed, { attention, movable });
    return true;
  };
  return (
    scene.forEach(['LayerNormalization'], (norm) => isNormOverLastAxis(scene, norm) && fuse(norm)) +
    scene.forEach(['SkipLayerNormalization'], fuse)
  );
}

function replaceBy(scene: Scene, norm: Node, { ids, segments, tables, positions, nodes, sum }: Embedding): Node {
  const { graph } = scene;
  const [word, position, segment = ''] = tables;
  const parameters = norm.opType === 'LayerNormalization' ? norm.inputs.slice(1, 3) : norm.inputs.slice(2, 4);
  const rows = [castToInt32(scene, ids), segments === undefined ? '' : castToInt32(scene, segments)];
  const explicit = positions === undefined ? [] : ['', castToInt32(scene, positions)];
  const [output = ''] = norm.outputs;
  return scene.replace(new Set([...nodes, norm]), {
    opType: 'EmbedLayerNormalization',
    domain: 'com.microsoft',
    inputs: [...rows, word, position, segment, ...parameters, ...explicit],
    outputs: [output, graph.freshName('mask_lengths'), ...(sum === undefined ? [] : [sum])],
    attributes: epsilonOf(norm),
  });
}

/** A fused attention that reads the normalised embeddings, itself or through its three projections. */
function attentionBehind({ graph }: Scene, norm: Node): Node | undefined {
  const readers = graph.consumers(norm.outputs[0] ?? '');
  const direct = readers.find(({ opType }) => opType === 'Attention');
  if (direct !== undefined) return direct;
  const isExpected = typesOf(readers) === 'MatMul MatMul MatMul SkipLayerNormalization';
  const behind = readers.flatMap(({ opType, outputs }) => (opType === 'MatMul' ? graph.consumers(outputs[0] ?? '') : []));
  return isExpected ? behind.find(({ opType }) => opType === 'MultiHeadAttention') : undefined;
}

/** Readers of embeddings in front of attention that is not fused, without and with its shape arithmetic. */
const UNFUSED: readonly string[] = ['Add MatMul MatMul MatMul', 'MatMul MatMul MatMul SkipLayerNormalization'];
const UNFUSED_WITH_SHAPES: readonly string[] = [
  'Add MatMul MatMul MatMul Shape',
  'Add MatMul MatMul MatMul Shape Shape',
  'MatMul MatMul MatMul Shape SkipLayerNormalization',
];

/** The embedding as it may be fused in front of what only looks like attention; with shape arithmetic, only two tables whose positions count from 0. */
function beforeUnfused(scene: Scene, norm: Node, embedding: Embedding): Embedding | undefined {
  const types = typesOf(scene.graph.consumers(norm.outputs[0] ?? ''));
  if (UNFUSED.includes(types)) return embedding;
  const { ids, segments, positions } = embedding;
  const isCounting = segments === undefined && positions !== undefined && countFromZero(scene, positions, ids);
  return isCounting && UNFUSED_WITH_SHAPES.includes(types) ? { ...embedding, positions: undefined } : undefined;
}

function typesOf(nodes: readonly Node[]): string {
  return nodes
    .map(({ opType }) => opType)
    .sort()
    .join(' ');
}

interface MaskMove {
  readonly attention: Node;
  readonly movable: AttentionMasks;
}

/** Lets the embedding count the mask's ones in place of the ReduceSum that did. */
function moveMask({ graph }: Scene, embed: Node, { attention, movable }: MaskMove): void {
  const mask = attention.inputs[MASK_INPUT[attention.opType] ?? 0] ?? '';
  const [counted] = graph.producer(mask)?.inputs ?? [];
  const lengths = embed.outputs[1] ?? '';
  if (!movable.isLengths(mask) || counted === undefined) return;
  graph.setInput(embed, EMBED_MASK_INPUT, counted);
  for (const reader of graph.consumers(mask)) {
    const index = MASK_INPUT[reader.opType];
    if (index !== undefined && reader.domain === 'com.microsoft' && reader.inputs[index] === mask) graph.setInput(reader, index, lengths);
  }
}
