import { any, commutative, constant, either, named, op, type Pattern, shared } from './pattern.ts';

const matMul = op('MatMul', [any('a'), any('b')]);
const bias = constant('bias', ({ dims }) => dims.length === 1);

/** A matrix product, called `product`, and its `bias`. */
export const biasedProduct: Pattern = commutative('Add', shared(named('product', matMul)), bias);

/** The same where a float16 model casts between product and bias. */
export const biasedCastProduct: Pattern = commutative('Add', shared(named('product', either(matMul, op('Cast', [matMul])))), bias);
