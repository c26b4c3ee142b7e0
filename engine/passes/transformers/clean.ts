import type { Graph, Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import type { Scene } from './scene.ts';

/** Takes out Identity nodes, those apart that make a graph output. Returns how many. */
export function removeIdentities(scene: Scene): number {
  const { graph } = scene;
  return scene.forEach(['Identity'], (node) => {
    const [output = ''] = node.outputs;
    return isOnnxDomain(node.domain) && !graph.isOutput(output) && graph.bypass(node, node.inputs[0] ?? '');
  });
}

/** Takes out Reshapes to the shape their input has. Returns how many. */
export function removeUselessReshapes(scene: Scene): number {
  return scene.forEach(['Reshape'], (node) => {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    return isOnnxDomain(node.domain) && haveEqualShapes(scene, input, output) && bypassUnlessShared(scene.graph, node);
  });
}

/** One that makes a graph output goes only when it alone reads its input and that is no graph input. */
function bypassUnlessShared(graph: Graph, node: Node): boolean {
  const [input = ''] = node.inputs;
  const isPinned = graph.isOutput(node.outputs[0] ?? '') && (graph.isInput(input) || graph.consumers(input).length !== 1);
  return !isPinned && graph.bypass(node, input);
}

/** Whether two values have the same shape for all inputs. */
export function haveEqualShapes({ shapes }: Scene, a: string, b: string): boolean {
  const first = shapes.dimsOf(a);
  const second = shapes.dimsOf(b);
  return first !== undefined && first.length === second?.length && first.every((dim, axis) => dim !== null && dim === second[axis]);
}
