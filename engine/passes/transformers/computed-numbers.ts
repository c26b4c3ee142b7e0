import { readInt } from '../../graph/attribute.ts';
import { DataType, isFloatType } from '../../graph/data-type.ts';
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
  const operand = (index: number): readonly number[] => computedNumbers(scene, node.inputs[index] ?? '', depth - 1);
  const results = node.opType === 'Slice' ? cut(node, operand) : calculate(node, operand);
  return asType(scene.shapes.dataTypeOf(value), results);
}

/** Results as a type holds them: casts to and quotients of integers lose their fractions. Nothing is known of small or unknown types. */
function asType(dataType: DataType | undefined, numbers: readonly number[]): readonly number[] {
  if (dataType === undefined) return [];
  if (dataType === DataType.INT64 || dataType === DataType.INT32) return numbers.map(Math.trunc);
  return isFloatType(dataType) ? numbers : [];
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
      return operand(0);
    case 'Unsqueeze':
    case 'Squeeze':
      return onlyOne(operand(0));
    case 'Sqrt':
      return operand(0).map(Math.sqrt);
    case 'Div':
      return pairwise(operand(0), operand(1), (a, b) => a / b);
    case 'Mul':
      return pairwise(operand(0), operand(1), (a, b) => a * b);
    case 'Gather':
      return pick(operand(0), operand(1));
    default:
      return [];
  }
}

function pick(elements: readonly number[], indices: readonly number[]): readonly number[] {
  return indices.map((index) => (Number.isInteger(index) ? elements.at(index) : undefined) ?? Number.NaN);
}

/** Lists of more elements would become matrices. */
function onlyOne(elements: readonly number[]): readonly number[] {
  return elements.length === 1 ? elements : [];
}

/** Elements between two known places, one by one; nothing is known of others. */
function cut({ inputs }: Node, operand: (index: number) => readonly number[]): readonly number[] {
  const [start = Number.NaN] = operand(1);
  const [end = Number.NaN] = operand(2);
  const [step = Number.NaN] = (inputs[4] ?? '') === '' ? [1] : operand(4);
  const isKnown = Number.isInteger(start) && Number.isInteger(end) && step === 1;
  return isKnown ? operand(0).slice(start, end) : [];
}

/** Element by element; a single one meets all of the other side. */
function pairwise(a: readonly number[], b: readonly number[], apply: (a: number, b: number) => number): readonly number[] {
  const [single] = b;
  if (b.length === 1 && single !== undefined) return a.map((number) => apply(number, single));
  return a.length === b.length ? a.map((number, index) => apply(number, b[index] ?? Number.NaN)) : [];
}
