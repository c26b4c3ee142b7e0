import { DataType } from '../../graph/data-type.ts';
import type { Node } from '../../graph/graph.ts';
import { type Tensor, toNumbers } from '../../graph/tensor.ts';
import { commutative, constant, either, integers, op, type Pattern, scalar } from './pattern.ts';
import { integersOf } from './scalar.ts';
import type { Scene } from './scene.ts';
import { listed, shapeOfRoot, sizeOf, unsqueezed } from './size-patterns.ts';

const length = either(sizeOf(1), commutative('Add', sizeOf(1), scalar(0)));

/** A constant row 0, 1, 2... cut to the length of a sequence. */
const cut = op('Slice', [constant('row', isCounting), integers(0), listed(length), integers(1)], { as: 'cut', more: true });

/** A range as long as a sequence, repeated for a batch. */
const repeated = op('Expand', [unsqueezed(op('Range', [scalar(0), either(length, op('Cast', [length])), scalar(1)]), 0), shapeOfRoot]);

const counting: Pattern = either(cut, repeated);

function isCounting(tensor: Tensor): boolean {
  const isRow = tensor.dims.length === 2 && tensor.dims[0] === 1 && tensor.dataType === DataType.INT64;
  return isRow && toNumbers(tensor).every((value, index) => value === index);
}

/** Whether `rows` are 0, 1, 2... for each token of `ids` [batch, length]. */
export function countFromZero(scene: Scene, rows: string, ids: string): boolean {
  const match = scene.find(rows, counting, (found) => found.value('root') === ids);
  return match?.nodesCalled('cut').every((node) => hasStepOne(scene, node)) ?? false;
}

function hasStepOne(scene: Scene, { inputs }: Node): boolean {
  const steps = inputs[4];
  const tensor = steps === undefined ? undefined : scene.constantOf(steps);
  return steps === undefined || (tensor !== undefined && integersOf(tensor)?.[0] === 1);
}
