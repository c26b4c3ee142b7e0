import { floatAttribute, intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Attribute } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { type AttentionMasks, beforeCast } from './attention-mask.ts';
import { attentionPattern } from './attention-pattern.ts';
import { computedNumber } from './computed-numbers.ts';
import { packColumns, packVectors } from './pack-weights.ts';
import type { Match } from './pattern.ts';
import { scalarOf } from './scalar.ts';
import type { Scene } from './scene.ts';

/** The mask value that attention takes where it is not told. */
const DEFAULT_FILTER = -10000;

/** How far the scaling may be from one by the root of the head size. */
const SCALE_TOLERANCE = 1e-3;

const INTEGERS: readonly DataType[] = [DataType.INT64, DataType.INT32, DataType.BOOL];

const PARTS = ['query', 'key', 'value'] as const;

/** How attention is fused. */
export interface AttentionSettings {
  /** With the three projections as inputs (`MultiHeadAttention`), or with their packed weights (`Attention`). */
  readonly separate: boolean;
  readonly masks: AttentionMasks;
  /** Heads and their joined size where the graph does not tell; 0 when not known. */
  readonly numHeads: number;
  readonly hiddenSize: number;
}

/** Self-attention written out becomes one operator. Returns how many. */
export function fuseAttention(scene: Scene, settings: AttentionSettings): number {
  const pattern = attentionPattern(scene.opset);
  const packed: PackedConstants = new Map();
  let count = 0;
  return scene.forEach(['Reshape'], (node) => {
    const [output = ''] = node.outputs;
    const match = scene.find(output, pattern);
    const block = match && blockOf(scene, match, { ...settings, output });
    const nodes = match && scene.enclose(match.nodes, [output]);
    if (match === undefined || block === undefined || nodes === undefined) return false;
    const mask = match.has('mask') ? settings.masks.maskFor(match.value('mask')) : undefined;
    const opType = settings.separate ? 'MultiHeadAttention' : 'Attention';
    const name = scene.graph.freshName(`Attention_${count++}`);
    const inputs = (settings.separate ? separateInputs : packedInputs)(scene, { ...block, name, packed }, mask);
    scene.replace(nodes, { opType, name, domain: 'com.microsoft', inputs, outputs: [output], attributes: attributesOf(block, settings) });
    return true;
  });
}

/** An attention block that one operator can compute. */
interface Block {
  readonly match: Match;
  readonly numHeads: number;
  /** Of query, key and value, in this order. */
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[];
  readonly filter: number | undefined;
}

/** A block that has been given a name, as ONNX Runtime's optimiser gives it; its constants are named after it. */
interface NamedBlock extends Block {
  readonly name: string;
  readonly packed: PackedConstants;
}

/** Constants made so far by those that they were packed of: blocks that share weights go on sharing them. */
type PackedConstants = Map<string, string>;

interface Surroundings extends AttentionSettings {
  readonly output: string;
}

function blockOf(scene: Scene, match: Match, { output, numHeads, hiddenSize }: Surroundings): Block | undefined {
  const weights = PARTS.flatMap((part) => scene.constantOf(match.value(`${part} weight`)) ?? []);
  const biases = PARTS.flatMap((part) => scene.constantOf(match.value(`${part} bias`)) ?? []);
  const [query, key, value] = weights;
  if (query === undefined || key === undefined || value === undefined) return undefined;
  const [, , knownHeads, knownSize] = scene.shapes.dimsOf(match.value('query split')) ?? [];
  const heads = typeof knownHeads === 'number' ? knownHeads : numHeads;
  const size = typeof knownSize === 'number' ? knownSize : hiddenSize / numHeads;
  const filter = match.has('filter') ? filterOf(scene, match) : undefined;
  const joined = scene.shapes.dimsOf(output);
  const isSound =
    scene.isFloat(match.value('x')) &&
    String(query.dims) === String(key.dims) &&
    query.dims[0] === value.dims[0] &&
    query.dims[1] === heads * size &&
    PARTS.every((_, index) => biases[index]?.dims[0] === weights[index]?.dims[1]) &&
    [...weights, ...biases].every(({ dataType }) => dataType === query.dataType) &&
    (joined === undefined || (joined.length === 3 && joined[2] === value.dims[1])) &&
    isScaledByRoot(scene, match, size) &&
    (!match.has('filter') || (filter !== undefined && filter < 0)) &&
    (!match.has('mask') || (isCountable(scene, match.value('mask')) && isMaskOfRows(scene, match)));
  return isSound ? { match, numHeads: heads, weights, biases, filter } : undefined;
}

function filterOf(scene: Scene, match: Match): number | undefined {
  const tensor = scene.constantOf(match.value('filter'));
  return tensor && scalarOf(tensor);
}

/** Whether scores are divided by the root of the head size, which is what the fused operator does. */
function isScaledByRoot(scene: Scene, match: Match, headSize: number): boolean {
  const number = (name: string): number => (match.has(name) ? computedNumber(scene, match.value(name)) : 1);
  const scale = (number('factor') * number('query factor') * number('key factor')) / number('divisor');
  return Math.abs(scale * Math.sqrt(headSize) - 1) <= SCALE_TOLERANCE;
}

/** Whether a mask is made of integers: one of floats might weigh tokens, and fused attention only counts them. */
function isCountable(scene: Scene, mask: string): boolean {
  return INTEGERS.includes(scene.shapes.dataTypeOf(beforeCast(scene, mask)) ?? DataType.UNDEFINED);
}

/** Whether the mask has a row for each row of `x`, as far as sizes are known. */
function isMaskOfRows({ shapes }: Scene, match: Match): boolean {
  const mask = shapes.dimsOf(match.value('mask'));
  const rows = shapes.dimsOf(match.value('x'));
  if (mask === undefined || rows === undefined) return true;
  return mask.length === 2 && rows.length === 3 && mask.every((dim, axis) => dim === null || rows[axis] === null || dim === rows[axis]);
}

function separateInputs(scene: Scene, block: NamedBlock, mask: string | undefined): readonly string[] {
  const products = PARTS.map((part) => block.match.value(`${part} product`));
  return [...products, packedConstant(scene, block, 'bias'), ...(mask === undefined ? [] : [mask])];
}

function packedInputs(scene: Scene, block: NamedBlock, mask: string | undefined): readonly string[] {
  return [block.match.value('x'), packedConstant(scene, block, 'weight'), packedConstant(scene, block, 'bias'), mask ?? ''];
}

function packedConstant({ graph }: Scene, { match, weights, biases, name, packed }: NamedBlock, kind: 'weight' | 'bias'): string {
  const key = JSON.stringify(PARTS.map((part) => match.value(`${part} ${kind}`)));
  const before = packed.get(key);
  if (before !== undefined) return before;
  const constant = graph.freshName(`${name}_qkv_${kind}`);
  graph.setInitializer(constant, kind === 'weight' ? packColumns(weights) : packVectors(biases));
  packed.set(key, constant);
  return constant;
}

function attributesOf({ numHeads, weights, filter }: Block, { separate }: AttentionSettings): Record<string, Attribute> {
  const widths = weights.map(({ dims }) => dims[1] ?? 0);
  const isUneven = !separate && widths[2] !== widths[0];
  return {
    num_heads: intAttribute(numHeads),
    ...(isUneven ? { qkv_hidden_sizes: intsAttribute(widths) } : {}),
    ...(filter === undefined || filter === DEFAULT_FILTER ? {} : { mask_filter_value: floatAttribute(filter) }),
  };
}
