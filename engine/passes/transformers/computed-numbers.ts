import { readInt } from '../../graph/attribute.ts';
import { isFloatType } from '../../graph/data-type.ts';
import type { Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { type Tensor, toFloat32 } from '../../graph/tensor.ts';
import { integersOf } from './scalar.ts';
import type { Scene } from './scene.ts';

/** Chains that compute a scaling factor are this long at most. */
const MAX_DEPTH = 12;

/** The number that a value always is: a constant, or arithmetic over constants and sizes that do not depend on the inputs. NaN when there is none. */
export function computedNumber(scene: Scene, value: string): number {
  const numbers = computedNumbers(scene, value, MAX_DEPTH);
  return numbers.length === 1 ? (numbers[0] ?? Number.NaN) : Number.NaN;
}

/** The elements of a scalar or list; NaN for those that depend on the inputs, and an empty list when nothing is known. */
function computedNumbers(scene: Scene, value: string, depth: number): readonly number[] {
  const constant = scene.constantOf(value);
  if (constant !== undefined) return elementsOf(constant);
  const node = scene.graph.producer(value);
  if (node === undefined || !isOnnxDomain(node.domain) || depth === 0) return [];
  if (node.opType === 'Shape') return sizesOf(scene, node);
  return calculate(node, (index) => computedNumbers(scene, node.inputs[index] ?? '', depth - 1));
}

function elementsOf(tensor: Tensor): readonly number[] {
  if (tensor.dims.length > 1) return [];
  return isFloatType(tensor.dataType) ? [...toFloat32(tensor)] : (integersOf(tensor) ?? []);
}

function sizesOf({ shapes }: Scene, shape: Node): readonly number[] {
  const sizes = (shapes.dimsOf(shape.inputs[0] ?? '') ?? []).map((dim) => (typeof dim === 'number' ? dim : Number.NaN));
  return sizes.slice(readInt(shape, 'start', 0), readInt(shape, 'end', sizes.length));
}

function calculate({ opType }: Node, operand: (index: number) => readonly number[]): readonly number[] {
  switch (opType) {
    case 'Cast':
    case 'Unsqueeze':
    case 'Squeeze':
      return operand(0);
    case 'Sqrt':
      return operand(0).map(Math.sqrt);
    case 'Div':
      return pairwise(operand(0), operand(1), (a, b) => a / b);
    case 'Mul':
      return pairwise(operand(0), operand(1), (a, b) => a * b);
    case 'Gather':
      return pick(operand(0), operand(1));
    case 'Slice':
      return operand(0).slice(operand(1)[0], operand(2)[0]);
    default:
      return [];
  }
}

function pick(elements: readonly number[], indices: readonly number[]): readonly number[] {
  return indices.map((index) => elements.at(index) ?? Number.NaN);
}

/** Element by element; a single one meets all of the other side. */
function pairwise(a: readonly number[], b: readonly number[], apply: (a: number, b: number) => number): readonly number[] {
  const [single] = b;
  if (b.length === 1 && single !== undefined) return a.map((number) => apply(number, single));
  return a.length === b.length ? a.map((number, index) => apply(number, b[index] ?? Number.NaN)) : [];
}
