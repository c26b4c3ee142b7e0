import type { Attribute } from '../../graph/graph.ts';
import type { Match, Pattern } from './pattern.ts';
import type { Scene } from './scene.ts';

/** Which operator of `com.microsoft` takes the place of a pattern over one value `x`. */
export interface Activation {
  readonly opType: string;
  /** Ends in a Mul. */
  readonly pattern: Pattern;
  attributesOf?(match: Match, scene: Scene): Readonly<Record<string, Attribute>>;
}

/** Replaces every place where the pattern stands alone. Returns how many. */
export function fuseActivation(scene: Scene, { opType, pattern, attributesOf }: Activation): number {
  return scene.forEach(['Mul'], (node) => {
    const [output = ''] = node.outputs;
    const match = scene.find(output, pattern, ({ nodes }) => scene.isSelfContained(nodes, [output]));
    if (match === undefined || !scene.isFloat(match.value('x'))) return false;
    const attributes = attributesOf?.(match, scene) ?? {};
    scene.replace(match.nodes, { opType, domain: 'com.microsoft', inputs: [match.value('x')], outputs: [output], attributes });
    return true;
  });
}
