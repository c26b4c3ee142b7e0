import { readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { any, commutative, constant, either, named, op, type Pattern, scalar, shared } from './pattern.ts';
import { unsqueezed } from './size-patterns.ts';

/** `x · weight + bias` of query, key or value. The product may serve others: MultiHeadAttention reads it. */
function projection(name: string): Pattern {
  const weight = constant(`${name} weight`, ({ dims }) => dims.length === 2);
  const product = named(`${name} product`, op('MatMul', [any('x'), weight]));
  return commutative(
    'Add',
    shared(product),
    constant(`${name} bias`, ({ dims }) => dims.length === 1),
  );
}

function transposed(pattern: Pattern, order: string): Pattern {
  return op('Transpose', [pattern], { test: (node) => orderOf(node) === order });
}

function orderOf({ attributes }: Node): string {
  const order = attributes.get('perm');
  return order?.kind === 'ints' ? order.value.join(' ') : '';
}

/** [batch, length, heads · size] as [batch, length, heads, size]. */
function split(name: string): Pattern {
  return named(`${name} split`, op('Reshape', [projection(name)], { more: true }));
}

const query = transposed(split('query'), '0 2 1 3');
const value = transposed(split('value'), '0 2 1 3');
const key = either(transposed(split('key'), '0 2 3 1'), transposed(transposed(split('key'), '0 2 1 3'), '0 1 3 2'));
const product = op('MatMul', [query, key]);

const divided = op('Div', [product, shared(any('divisor'))]);
const multiplied = commutative('Mul', product, shared(any('factor')));
/** PyTorch's scaled dot product scales both sides by the root of the factor. */
const root = (name: string): Pattern => shared(named(name, op('Sqrt', [any(`${name} squared`)])));
const scaledBefore = op('MatMul', [commutative('Mul', query, root('query factor')), commutative('Mul', key, root('key factor'))]);

const maybeCast = (pattern: Pattern): Pattern => either(pattern, op('Cast', [pattern]));
/** [batch, length] of zeros and ones as [batch, 1, 1, length]. */
const wideMask = unsqueezed(unsqueezed(any('mask'), 1), 2);
const filter = constant('filter');

/** `(1 - mask) · filter`. */
const arithmeticMask = commutative('Mul', op('Sub', [scalar(1), maybeCast(wideMask)]), filter);
/** `filter` where `1 - mask` is not zero. */
const inverted = named('inverted mask', op('Sub', [scalar(1), maybeCast(op('Expand', [wideMask, any('mask shape')]))]));
const selectedMask = op('Where', [op('Cast', [inverted]), filter, inverted]);
const mask = shared(either(arithmeticMask, selectedMask));

/** Since this operator set Softmax goes over the last axis where it is not told. */
const FIRST_OPSET_OF_LAST_AXIS = 13;

/**
 * Multi-head self-attention over `x` up to the joined heads, in the forms that ONNX Runtime's tool fuses: masked or, where scores are divided, without
 * a mask. Names: `query`, `key` and `value` with `weight`, `bias`, `product` and `split`; `mask` with `filter`; and what scales the scores.
 */
export function attentionPattern(opset: number): Pattern {
  const defaultAxis = opset < FIRST_OPSET_OF_LAST_AXIS ? 1 : -1;
  const isOverKeys = (node: Node): boolean => [-1, 3].includes(readInt(node, 'axis', defaultAxis));
  const context = (scores: Pattern): Pattern => {
    const weighted = op('MatMul', [op('Softmax', [scores], { test: isOverKeys }), value]);
    return op('Reshape', [transposed(weighted, '0 2 1 3')], { more: true });
  };
  return either(context(commutative('Add', either(divided, multiplied, scaledBefore), mask)), context(divided));
}
