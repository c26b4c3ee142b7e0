import { any, commutative, constant, either, type Match, named, op, type Pattern, shared } from './pattern.ts';
import type { Scene } from './scene.ts';

const matMul = op('MatMul', [any('a'), any('b')]);
const bias = constant('bias', ({ dims }) => dims.length === 1);

/** A matrix product, called `product`, and its `bias`. */
export const biasedProduct: Pattern = commutative('Add', shared(named('product', matMul)), bias);

/** The same where a float16 model casts between product and bias. */
export const biasedCastProduct: Pattern = commutative('Add', shared(named('product', either(matMul, op('Cast', [matMul])))), bias);

/** Whether the bias has an element for each column of the product, as operators demand that take both: one of a single element would be read past its end. */
export function isBiasPerColumn(scene: Scene, match: Match): boolean {
  const length = scene.constantOf(match.value('bias'))?.dims[0];
  return length !== undefined && length === scene.shapes.dimsOf(match.value('product'))?.at(-1);
}
