import { readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import type { Scene } from './scene.ts';
import { listed, sizeOf } from './size-patterns.ts';

/** All sizes of one value, taken apart and put together again, are its Shape. Returns how many. */
export function fuseShapes(scene: Scene): number {
  return scene.forEach(['Concat'], (node) => {
    const [output = ''] = node.outputs;
    const shape = scene.graph.isOutput(output) || readInt(node, 'axis', 0) !== 0 ? undefined : shapeBehind(scene, node);
    if (shape === undefined) return false;
    scene.graph.replaceUses(output, shape);
    scene.graph.removeNode(node);
    return true;
  });
}

/** The output of the Shape node that tells the same. */
function shapeBehind(scene: Scene, { inputs }: Node): string | undefined {
  const matches = inputs.map((value, axis) => scene.find(value, listed(sizeOf(axis))));
  const [first] = matches;
  const root = first?.value('root');
  if (first === undefined || root === undefined || !matches.every((match) => match?.value('root') === root)) return undefined;
  return scene.shapes.dimsOf(root)?.length === inputs.length ? first.nodesCalled('shape')[0]?.outputs[0] : undefined;
}
