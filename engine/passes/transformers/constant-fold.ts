import type { Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { transposeTensor } from '../../graph/transpose.ts';
import type { Scene } from './scene.ts';

const READERS: readonly string[] = ['MatMul', 'Gemm'];

/** Computes transpositions of weight matrices ahead and takes out pairs of transpositions that undo each other. Returns how many places changed. */
export function foldTranspositions(scene: Scene): number {
  const turned: TurnedWeights = new Map();
  return scene.forEach(['Transpose'], (node) => isOnnxDomain(node.domain) && (foldWeight(scene, node, turned) || dropPair(scene, node)));
}

/** The transposed matrices by the weights that they were made of: one for all that transpose a weight. */
type TurnedWeights = Map<string, string>;

/** Only a matrix that nothing but transpositions reads: else it would be there twice. */
function foldWeight(scene: Scene, node: Node, made: TurnedWeights): boolean {
  const { graph } = scene;
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const weight = graph.initializers.get(input);
  const isWeight = weight?.dims.length === 2 && scene.constantOf(input) === weight && String(permutationOf(node, 2)) === '1,0';
  if (!isWeight || graph.isOutput(output) || graph.isOutput(input)) return false;
  const readers = graph.consumers(output);
  const isOnly = graph.consumers(input).every(({ opType }) => opType === 'Transpose');
  if (!isOnly || !readers.every(({ opType }) => READERS.includes(opType))) return false;
  const before = made.get(input);
  if (before !== undefined) return graph.bypass(node, before);
  const turned = transposeTensor(weight);
  if (turned === undefined) return false;
  graph.removeNode(node);
  graph.setInitializer(output, turned);
  made.set(input, output);
  return true;
}

function dropPair(scene: Scene, node: Node): boolean {
  const { graph } = scene;
  const parent = graph.producer(node.inputs[0] ?? '');
  const [output = ''] = node.outputs;
  if (parent?.opType !== 'Transpose' || !isOnnxDomain(parent.domain) || graph.isOutput(output)) return false;
  const second = permutationOf(node, undefined);
  const first = permutationOf(parent, second?.length);
  const isUndone = second?.every((axis, index) => first?.[axis] === index) ?? false;
  return isUndone && graph.bypass(node, parent.inputs[0] ?? '');
}

/** The order of axes; without the attribute, the reverse of `rank` axes. */
function permutationOf(node: Node, rank: number | undefined): readonly number[] | undefined {
  const attribute = node.attributes.get('perm');
  if (attribute?.kind === 'ints') return attribute.value.map(Number);
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}
