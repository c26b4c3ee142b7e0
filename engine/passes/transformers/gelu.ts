import type { Activation } from './fuse-activation.ts';
import { any, commutative, either, op, type Pattern, scalar } from './pattern.ts';

const x = any('x');
const half = scalar(0.5);

/** Exporters write the root of two with few digits. */
const ROOT_TOLERANCE = 1e-3;

/** `erf(x / √2) + 1`. */
const errorFunction: Pattern = commutative(
  'Add',
  op('Erf', [either(op('Div', [x, scalar(Math.SQRT2, ROOT_TOLERANCE)]), commutative('Mul', x, scalar(Math.SQRT1_2, ROOT_TOLERANCE)))]),
  scalar(1),
);

/** `x · ½ · (erf(x / √2) + 1)`, the three factors in any order. The Gelu of ai.onnx 20 stays what it is. */
export const gelu: Activation = {
  opType: 'Gelu',
  pattern: either(
    commutative('Mul', commutative('Mul', x, errorFunction), half),
    commutative('Mul', commutative('Mul', x, half), errorFunction),
    commutative('Mul', x, commutative('Mul', errorFunction, half)),
  ),
};
