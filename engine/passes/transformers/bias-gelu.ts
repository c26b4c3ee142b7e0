import type { Node } from '../../graph/graph.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { biasedProduct, isBiasPerColumn } from './biased.ts';
import type { Match } from './pattern.ts';
import type { Scene } from './scene.ts';

/** The bias of a matrix product before a Gelu moves into it: `BiasGelu`. Returns how many. */
export function fuseBiasGelu(scene: Scene): number {
  return scene.forEach(['Gelu'], (gelu) => isExactGelu(gelu) && fuseBias(scene, gelu, 'BiasGelu'));
}

/** The same for FastGelu, which takes a bias itself. */
export function fuseBiasFastGelu(scene: Scene): number {
  return scene.forEach(['FastGelu'], (gelu) => gelu.domain === 'com.microsoft' && fuseBias(scene, gelu, 'FastGelu'));
}

/** Gelus of either domain become FastGelu, which is near. Returns how many. */
export function approximateGelu(scene: Scene): number {
  return scene.forEach(['Gelu', 'BiasGelu'], (gelu) => {
    if (!isGelu(gelu) || !scene.isFloat(gelu.inputs[0] ?? '')) return false;
    const { inputs, outputs } = gelu;
    scene.replace(new Set([gelu]), { opType: 'FastGelu', domain: 'com.microsoft', inputs, outputs });
    return true;
  });
}

function fuseBias(scene: Scene, gelu: Node, opType: 'BiasGelu' | 'FastGelu'): boolean {
  const { inputs, outputs } = gelu;
  const [input = ''] = inputs;
  if (inputs.length !== 1 || !scene.isFloat(input)) return false;
  const isFit = (match: Match): boolean => isBiasPerColumn(scene, match) && scene.isSelfContained(new Set([...match.nodes, gelu]), outputs);
  const match = scene.find(input, biasedProduct, isFit);
  if (match === undefined) return false;
  const all = [match.value('product'), match.value('bias')];
  scene.replace(new Set([...match.nodes, gelu]), { opType, domain: 'com.microsoft', inputs: all, outputs });
  return true;
}

function isGelu({ domain }: Node): boolean {
  return domain === 'com.microsoft' || isOnnxDomain(domain);
}

/** The Gelu of ai.onnx may be the approximation by tanh already. */
function isExactGelu(gelu: Node): boolean {
  const approximate = gelu.attributes.get('approximate');
  return isGelu(gelu) && (approximate?.kind !== 'string' || new TextDecoder().decode(approximate.value) === 'none');
}
