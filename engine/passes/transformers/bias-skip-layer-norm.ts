import type { Node } from '../../graph/graph.ts';
import { biasedCastProduct, isBiasPerColumn } from './biased.ts';
import { haveEqualShapes } from './clean.ts';
import type { Match } from './pattern.ts';
import type { Scene } from './scene.ts';

const OP = { opType: 'SkipLayerNormalization', domain: 'com.microsoft' } as const;

/** The bias of a matrix product that a SkipLayerNormalization adds becomes its fifth input. Returns how many. */
export function fuseBiasSkipLayerNorm(scene: Scene): number {
  return scene.forEach([OP.opType], (norm) => norm.inputs.length === 4 && (fuseOperand(scene, norm, 0) || fuseOperand(scene, norm, 1)));
}

function fuseOperand(scene: Scene, norm: Node, index: 0 | 1): boolean {
  const { inputs, outputs, attributes } = norm;
  const [first = '', second = '', ...parameters] = inputs;
  const [operand, other] = index === 0 ? [first, second] : [second, first];
  // Only the second operand may have fewer rows.
  if (index === 1 && !haveEqualShapes(scene, first, second)) return false;
  const isFit = (match: Match): boolean => isBiasPerColumn(scene, match) && scene.isSelfContained(new Set([...match.nodes, norm]), outputs);
  const match = scene.find(operand, biasedCastProduct, isFit);
  if (match === undefined) return false;
  const all = [match.value('product'), other, ...parameters, match.value('bias')];
  scene.replace(new Set([...match.nodes, norm]), { ...OP, inputs: all, outputs, attributes });
  return true;
}
