import { readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { any, either, integers, op, type Pattern, scalar } from './pattern.ts';

/** All sizes of the value `root`. The node is called `shape`. */
export const shapeOfRoot: Pattern = op('Shape', [any('root')], { as: 'shape', test: isWhole });

/** Since operator set 15 a Shape may tell some sizes only. */
function isWhole(node: Node): boolean {
  return readInt(node, 'start', 0) === 0 && !node.attributes.has('end');
}

/** One size of the value `root`, as a scalar: `Gather(Shape(root), axis)`. */
export function sizeOf(axis: number): Pattern {
  return op('Gather', [shapeOfRoot, scalar(axis, 0)]);
}

/** A scalar as a list of one. */
export function listed(pattern: Pattern): Pattern {
  return unsqueezed(pattern, 0);
}

/** A value with one more axis of length 1. Before operator set 13 the axis is an attribute. */
export function unsqueezed(pattern: Pattern, axis: number): Pattern {
  const isOnAxis = ({ attributes }: Node): boolean => {
    const axes = attributes.get('axes');
    return axes?.kind === 'ints' && axes.value.length === 1 && axes.value[0] === BigInt(axis);
  };
  return either(op('Unsqueeze', [pattern, integers(axis)]), op('Unsqueeze', [pattern], { test: isOnAxis }));
}
