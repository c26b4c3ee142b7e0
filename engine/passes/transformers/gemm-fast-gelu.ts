import { any, constant, op, type Pattern } from './pattern.ts';
import type { Scene } from './scene.ts';

const product: Pattern = op('MatMul', [any('x'), constant('weight', ({ dims }) => dims.length === 2)]);

/** A product with a weight before a FastGelu moves into it: `GemmFastGelu`, for providers that have it. Returns how many. */
export function fuseGemmFastGelu(scene: Scene): number {
  return scene.forEach(['FastGelu'], (gelu) => {
    const [input = '', ...bias] = gelu.inputs;
    if (gelu.domain !== 'com.microsoft' || !bias.every((value) => scene.constantOf(value)?.dims.length === 1)) return false;
    const match = scene.find(input, product, ({ nodes }) => scene.isSelfContained(new Set([...nodes, gelu]), gelu.outputs));
    if (match === undefined || (scene.shapes.dimsOf(match.value('x'))?.length ?? 0) < 2) return false;
    const inputs = [match.value('x'), match.value('weight'), ...bias];
    scene.replace(new Set([...match.nodes, gelu]), { opType: 'GemmFastGelu', domain: 'com.microsoft', inputs, outputs: gelu.outputs });
    return true;
  });
}
