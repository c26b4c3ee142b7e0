import { floatAttribute } from '../../graph/attribute.ts';
import type { Activation } from './fuse-activation.ts';
import { any, commutative, constant, op } from './pattern.ts';
import { isScalarNear, scalarOf } from './scalar.ts';

const x = any('x');
const ALPHA = 1.702;

/** Gelu approximated by a sigmoid: `x · sigmoid(1.702 x)`. */
export const quickGelu: Activation = {
  opType: 'QuickGelu',
  pattern: commutative(
    'Mul',
    x,
    op('Sigmoid', [
      commutative(
        'Mul',
        x,
        constant('alpha', (tensor) => isScalarNear(tensor, ALPHA, 1e-3)),
      ),
    ]),
  ),
  attributesOf(match, scene) {
    const factor = scene.constantOf(match.value('alpha'));
    return { alpha: floatAttribute((factor && scalarOf(factor)) ?? ALPHA) };
  },
};
