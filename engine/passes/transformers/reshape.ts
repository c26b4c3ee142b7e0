import { readInt, tensorAttribute } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import type { Dim } from '../../graph/value.ts';
import { any, either, op, type Pattern } from './pattern.ts';
import { integersOf } from './scalar.ts';
import type { Scene } from './scene.ts';
import { listed, sizeOf } from './size-patterns.ts';

/** What stands for the rest of the elements: two sizes joined, or one divided. */
const rest: Pattern = listed(either(op('Mul', [sizeOf(2), sizeOf(3)]), op('Div', [sizeOf(3), any('divisor')])));

/**
 * A Reshape whose shape is put together of the first two sizes of its own input and constants gets one constant shape, in which 0 copies a size and -1 is
 * a rest that is not known. Returns how many.
 */
export function fuseReshapes(scene: Scene): number {
  return scene.forEach(['Reshape'], (node) => {
    const shape = constantShape(scene, node);
    if (shape === undefined) return false;
    const name = scene.graph.freshName('constant_shape');
    const attributes = { value: tensorAttribute(int64Tensor([shape.length], shape)) };
    scene.graph.addNode({ opType: 'Constant', name: scene.graph.freshName('Constant'), inputs: [], outputs: [name], attributes });
    scene.graph.setInput(node, 1, name);
    return true;
  });
}

function constantShape(scene: Scene, reshape: Node): readonly number[] | undefined {
  const [input = '', shape = ''] = reshape.inputs;
  const concat = scene.graph.producer(shape);
  const parts = concat?.opType === 'Concat' && readInt(reshape, 'allowzero', 0) === 0 ? concat.inputs : [];
  if (parts.length < 3 || parts.length > 4) return undefined;
  const isOfInput = (value: string, pattern: Pattern): boolean =>
    scene.find(value, pattern, (match) => match.value('root') === input) !== undefined;
  const entries = parts.map((value, axis) => {
    if (axis < 2) return isOfInput(value, listed(sizeOf(axis))) ? [0] : undefined;
    const tensor = scene.constantOf(value);
    if (tensor !== undefined) return integersOf(tensor);
    return isOfInput(value, rest) ? [-1] : undefined;
  });
  if (!entries.every((entry) => entry !== undefined)) return undefined;
  const sizes = entries.flat();
  if (sizes.filter((size) => size === -1).length > 1) return undefined;
  const known = knownRest(scene.shapes.dimsOf(input) ?? [], sizes);
  return sizes.map((size) => (size === -1 ? known : size));
}

/** The size that -1 stands for behind the first two, since no Reshape can tell it where one of those is 0; -1 where it is not known. */
function knownRest(dims: readonly Dim[], sizes: readonly number[]): number {
  const others = sizes.slice(2).filter((size) => size !== -1);
  const trailing = dims.slice(2);
  const product = (factors: readonly Dim[]): number =>
    factors.reduce<number>((all, size) => all * (typeof size === 'number' ? size : Number.NaN), 1);
  const rest = product(trailing) / product(others);
  return dims.length > 2 && Number.isInteger(rest) && rest > 0 ? rest : -1;
}
