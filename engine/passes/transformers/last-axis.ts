import { readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { integersOf } from './scalar.ts';
import type { Scene } from './scene.ts';

/** Whether a reduction goes over the last axis only and keeps it. */
export function isOverLastAxis(scene: Scene, node: Node): boolean {
  const axes = axesOf(scene, node);
  return axes?.length === 1 && isLastAxis(scene, node.inputs[0] ?? '', axes[0]) && readInt(node, 'keepdims', 1) === 1;
}

/** Whether an axis of a value is its last. */
export function isLastAxis(scene: Scene, value: string, axis: number | undefined): boolean {
  if (axis === -1) return true;
  const rank = scene.shapes.dimsOf(value)?.length;
  return rank !== undefined && axis === rank - 1;
}

/** The axes of a node as an attribute or, in later operator sets, as its second input; undefined when they are neither or no constant. */
function axesOf(scene: Scene, node: Node): readonly number[] | undefined {
  const attribute = node.attributes.get('axes');
  if (attribute?.kind === 'ints') return attribute.value.map(Number);
  const tensor = scene.constantOf(node.inputs[1] ?? '');
  return tensor && integersOf(tensor);
}
