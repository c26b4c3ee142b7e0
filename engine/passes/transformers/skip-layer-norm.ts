import { floatAttribute, readInt } from '../../graph/attribute.ts';
import type { Attribute, Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Dim } from '../../graph/value.ts';
import { haveEqualShapes } from './clean.ts';
import { isLastAxis } from './last-axis.ts';
import type { Scene } from './scene.ts';

/** What LayerNormalization takes where it is not told. */
const DEFAULT_EPSILON = 1e-5;

/** The operator that takes the place of an addition and a normalisation, by the latter. */
const FUSED = { LayerNormalization: 'SkipLayerNormalization', SimplifiedLayerNormalization: 'SkipSimplifiedLayerNormalization' } as const;

/** Additions of two computed values followed by a normalisation become one operator; a sum that others read becomes its fourth output. Returns how many. */
export function fuseSkipLayerNorm(scene: Scene, opType: keyof typeof FUSED): number {
  return scene.forEach([opType], (norm) => {
    const [sum = '', ...parameters] = norm.inputs;
    const add = scene.graph.producer(sum);
    const operands = add && isNormOverLastAxis(scene, norm) ? operandsOf(scene, add) : undefined;
    if (add === undefined || operands === undefined || parameters.length !== (opType === 'LayerNormalization' ? 2 : 1)) return false;
    const isSumRead = scene.graph.isOutput(sum) || scene.graph.consumers(sum).length > 1;
    const [output = ''] = norm.outputs;
    scene.replace(new Set([add, norm]), {
      opType: FUSED[opType],
      domain: 'com.microsoft',
      inputs: [...operands, ...parameters],
      outputs: isSumRead ? [output, '', '', sum] : [output],
      attributes: epsilonOf(norm),
    });
    return true;
  });
}

/** The attributes with which the fused operator divides as the normalisation did. */
export function epsilonOf(norm: Node): Readonly<Record<string, Attribute>> {
  return { epsilon: norm.attributes.get('epsilon') ?? floatAttribute(DEFAULT_EPSILON) };
}

/** Whether fused operators can take over a normalisation: over the last axis, with parameters of its length, nothing but its result read. */
export function isNormOverLastAxis(scene: Scene, norm: Node): boolean {
  const [input = '', ...parameters] = norm.inputs;
  const length = scene.shapes.dimsOf(input)?.at(-1);
  const isPerColumn = (value: string): boolean => {
    const dims = scene.constantOf(value)?.dims ?? scene.shapes.dimsOf(value);
    return dims?.length === 1 && typeof length === 'number' && dims[0] === length;
  };
  const isRead = (value: string): boolean => scene.graph.isOutput(value) || scene.graph.useCount(value) > 0;
  return (
    isOnnxDomain(norm.domain) &&
    scene.isFloat(input) &&
    isLastAxis(scene, input, readInt(norm, 'axis', -1)) &&
    parameters.every(isPerColumn) &&
    !norm.outputs.slice(1).some(isRead)
  );
}

/** The two operands with the one that may have fewer rows second; undefined when one operator cannot add them. */
function operandsOf(scene: Scene, add: Node): readonly [string, string] | undefined {
  const [a = '', b = ''] = add.inputs;
  const isSum = add.opType === 'Add' && isOnnxDomain(add.domain) && [a, b].every((value) => scene.constantOf(value) === undefined);
  if (!isSum || isEmbeddingSum(scene, add)) return undefined;
  const first = scene.shapes.dimsOf(a) ?? [];
  const second = scene.shapes.dimsOf(b) ?? [];
  if (haveEqualShapes(scene, a, b)) return first.length === 3 ? [a, b] : undefined;
  // Sums of embeddings that repeat over a batch belong to EmbedLayerNormalization.
  if ([a, b].some((value) => scene.graph.producer(value)?.opType === 'Gather')) return undefined;
  if (repeatsInto(first, second)) return [a, b];
  return repeatsInto(second, first) ? [b, a] : undefined;
}

/** Sums of looked up rows are left to EmbedLayerNormalization, unless the row numbers are an input or all alike. */
function isEmbeddingSum({ graph }: Scene, add: Node): boolean {
  const gather = add.inputs.map((value) => graph.producer(value)).find((node) => node?.opType === 'Gather');
  const rows = gather?.inputs[1];
  return rows !== undefined && !graph.isInput(rows) && graph.producer(rows)?.opType !== 'ConstantOfShape';
}

/** Whether a value of the second shape, [1, s, h] or [s, h], is added to each entry of a batch [b, s, h]. */
function repeatsInto(input: readonly Dim[], skip: readonly Dim[]): boolean {
  const rows = skip.length === 3 && skip[0] === 1 ? skip.slice(1) : skip;
  return input.length === 3 && rows.length === 2 && rows.every((dim, axis) => dim !== null && dim === input[axis + 1]);
}
