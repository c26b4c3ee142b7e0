import { GroveError } from '../../domain/errors.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../graph/attribute.ts';
import type { DataType } from '../graph/data-type.ts';
import { floatTensor } from '../graph/tensor.ts';
import type { TraceScope, TraceValue } from './trace.ts';

/** What an activation is emitted with. */
interface ActivationContext {
  readonly scope: TraceScope;
  readonly opset: number;
  readonly floatType: DataType;
}

/** Records an activation of `input` and returns its result. */
export type Activation = (input: TraceValue, context: ActivationContext) => TraceValue;

/** Version of the operator set from which GELU is an operator. */
const GELU_OPSET = 20;

/** sqrt(2 / pi), of the tanh approximations of GELU. */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBE = 0.044715;

/** transformers writes six digits of sqrt(1/2), which is not the same float. */
const LAPLACE_MEAN = 707107e-6;

function constant({ scope, floatType }: ActivationContext, value: number): TraceValue {
  return scope.constant(floatTensor(floatType, [], [value]));
}

/** GELU by the error function; one node where the operator set has it. */
export const gelu: Activation = (input, context) => {
  const { scope, opset } = context;
  if (opset >= GELU_OPSET) return scope.op('Gelu', [input], { attributes: { approximate: stringAttribute('none') } });
  const error = scope.op('Erf', [scope.op('Div', [input, constant(context, Math.SQRT2)])]);
  const product = scope.op('Mul', [input, scope.op('Add', [error, constant(context, 1)])]);
  return scope.op('Mul', [product, constant(context, 0.5)]);
};

const geluPython: Activation = (input, context) => {
  const { scope } = context;
  const half = scope.op('Mul', [input, constant(context, 0.5)]);
  const error = scope.op('Erf', [scope.op('Div', [input, constant(context, Math.SQRT2)])]);
  return scope.op('Mul', [half, scope.op('Add', [error, constant(context, 1)])]);
};

const geluNew: Activation = (input, context) => {
  const { scope } = context;
  const half = scope.op('Mul', [input, constant(context, 0.5)]);
  const cube = scope.op('Pow', [input, constant(context, 3)]);
  const inner = scope.op('Add', [input, scope.op('Mul', [cube, constant(context, TANH_CUBE)])]);
  const bent = scope.op('Tanh', [scope.op('Mul', [inner, constant(context, TANH_SCALE)])]);
  return scope.op('Mul', [half, scope.op('Add', [bent, constant(context, 1)])]);
};

const geluFast: Activation = (input, context) => {
  const { scope } = context;
  const half = scope.op('Mul', [input, constant(context, 0.5)]);
  const scaled = scope.op('Mul', [input, constant(context, 0.7978845608)]);
  const square = scope.op('Mul', [scope.op('Mul', [input, constant(context, TANH_CUBE)]), input]);
  const inner = scope.op('Mul', [scaled, scope.op('Add', [square, constant(context, 1)])]);
  const bent = scope.op('Add', [scope.op('Tanh', [inner]), constant(context, 1)]);
  return scope.op('Mul', [half, bent]);
};

const geluTanh: Activation = (input, context) => {
  const { scope, opset } = context;
  if (opset >= GELU_OPSET) return scope.op('Gelu', [input], { attributes: { approximate: stringAttribute('tanh') } });
  const cube = scope.op('Mul', [input, scope.op('Mul', [input, input])]);
  const inner = scope.op('Add', [input, scope.op('Mul', [constant(context, TANH_CUBE), cube])]);
  const bent = scope.op('Tanh', [scope.op('Mul', [constant(context, TANH_SCALE), inner])]);
  const product = scope.op('Mul', [input, scope.op('Add', [constant(context, 1), bent])]);
  return scope.op('Mul', [constant(context, 0.5), product]);
};

/** The bounds pass through a Cast that folding removes. */
const geluTen: Activation = (input, context) => {
  const { scope, floatType } = context;
  const value = gelu(input, context);
  const attributes = { to: intAttribute(floatType) };
  const [low, high] = [-10, 10].map((bound) => scope.op('Cast', [constant(context, bound)], { attributes }));
  return scope.op('Clip', [value, low ?? '', high ?? '']);
};

const laplace: Activation = (input, context) => {
  const { scope } = context;
  const centred = scope.op('Sub', [input, constant(context, LAPLACE_MEAN)]);
  const error = scope.op('Erf', [scope.op('Div', [centred, constant(context, 0.282095 * Math.SQRT2)])]);
  return scope.op('Mul', [scope.op('Add', [error, constant(context, 1)]), constant(context, 0.5)]);
};

const silu: Activation = (input, { scope }) => scope.op('Mul', [input, scope.op('Sigmoid', [input])]);

const quickGelu: Activation = (input, context) => {
  const { scope } = context;
  return scope.op('Mul', [input, scope.op('Sigmoid', [scope.op('Mul', [input, constant(context, 1.702)])])]);
};

const mish: Activation = (input, { scope }) => scope.op('Mul', [input, scope.op('Tanh', [scope.op('Softplus', [input])])]);

const squaredRelu: Activation = (input, { scope }) => {
  const positive = scope.op('Relu', [input]);
  return scope.op('Mul', [positive, positive]);
};

const cappedRelu: Activation = (input, context) => context.scope.op('Clip', [input, constant(context, 0), constant(context, 6)]);

const operator =
  (opType: string, attributes = {}): Activation =>
  (input, { scope }) =>
    scope.op(opType, [input], { attributes });

/** The activations of transformers by name, each as the exporter decomposes it. Left out are the two with weights of their own (`prelu`, `xielu`). */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_10: geluTen,
  gelu_accurate: geluNew,
  gelu_fast: geluFast,
  gelu_new: geluNew,
  gelu_python: geluPython,
  gelu_python_tanh: geluNew,
  gelu_pytorch_tanh: geluTanh,
  laplace,
  leaky_relu: operator('LeakyRelu', { alpha: floatAttribute(0.01) }),
  linear: (input) => input,
  mish,
  quick_gelu: quickGelu,
  relu: operator('Relu'),
  relu2: squaredRelu,
  relu6: cappedRelu,
  sigmoid: operator('Sigmoid'),
  silu,
  swish: silu,
  tanh: operator('Tanh'),
};

/** The activation of that name. Throws `unsupported-input` with the list of those emitted. */
export function activationOf(name: string): Activation {
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation !== undefined) return activation;
  throw new GroveError('unsupported-input', {
    problem: `the activation "${name}" is not exported (known are ${Object.keys(ACTIVATIONS).join(', ')})`,
  });
}
