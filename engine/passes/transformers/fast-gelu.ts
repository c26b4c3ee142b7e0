import type { Activation } from './fuse-activation.ts';
import { any, commutative, either, op, type Pattern, scalar } from './pattern.ts';

const x = any('x');
const half = scalar(0.5);
const one = scalar(1);

/** Exporters write these with few digits, and float16 keeps few. */
const rootOfTwoOverPi = scalar(Math.sqrt(2 / Math.PI), 2e-4);
const cubicFactor = scalar(0.044715, 1e-4);

const cube: Pattern = either(op('Pow', [x, scalar(3)]), commutative('Mul', x, op('Mul', [x, x])));

/** `√(2/π) · (x + 0.044715 x³)`, also as `√(2/π) x · (1 + 0.044715 x²)`. */
const inner: Pattern = either(
  commutative('Mul', commutative('Add', x, commutative('Mul', cube, cubicFactor)), rootOfTwoOverPi),
  commutative(
    'Mul',
    commutative('Mul', x, rootOfTwoOverPi),
    commutative('Add', commutative('Mul', x, commutative('Mul', x, cubicFactor)), one),
  ),
);

const hyperbolic: Pattern = commutative('Add', op('Tanh', [inner]), one);

/** Gelu approximated by tanh: `x · ½ · (1 + tanh(inner))`, the three factors in any order. */
export const fastGelu: Activation = {
  opType: 'FastGelu',
  pattern: either(
    commutative('Mul', commutative('Mul', x, half), hyperbolic),
    commutative('Mul', x, commutative('Mul', hyperbolic, half)),
    commutative('Mul', commutative('Mul', x, hyperbolic), half),
  ),
};
