import { readFloat } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import { toFloat32 } from '../../graph/tensor.ts';
import { floatKindOf } from '../float-kind.ts';
import { activations, type OperatorContext, type OperatorHandler, outputActivations, wantsOutput } from './handler.ts';

/**
 * Clip and Relu follow a quantised input. An asymmetric QuantizeLinear of their output clamps as they do, so that they can go; onnxruntime takes
 * that for granted, here it has to be so: the clamping bounds must enclose zero, which every quantised range holds.
 */
export const clamp: OperatorHandler = (node, context) => {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  if (!context.isMarked(input)) return [];
  const isAbsorbed = wantsOutput(node, context) && clampsAsQuantized(node, context) && context.canAbsorb(input, output);
  const first = isAbsorbed ? [{ kind: 'absorb', input, output } as const] : activations([input]);
  return [...first, ...outputActivations(node, context)];
};

function clampsAsQuantized(node: Node, context: OperatorContext): boolean {
  const { settings } = context;
  if (settings.activationSymmetric || settings.keepRemovableActivations) return false;
  const { symmetric, scale, rmin, rmax } = settings.overrides.get(node.outputs[0] ?? '')?.[0] ?? {};
  const isObservedRange = symmetric !== true && scale === undefined && rmin === undefined && rmax === undefined;
  return isObservedRange && (node.opType === 'Relu' || enclosesZero(node, context));
}

function enclosesZero(node: Node, context: OperatorContext): boolean {
  const low = clipBound(node, context, { attribute: 'min', slot: 1, absent: Number.NEGATIVE_INFINITY });
  const high = clipBound(node, context, { attribute: 'max', slot: 2, absent: Number.POSITIVE_INFINITY });
  return low <= 0 && high >= 0;
}

interface BoundPlace {
  readonly attribute: string;
  readonly slot: number;
  readonly absent: number;
}

/** NaN when it is computed. */
function clipBound(node: Node, { opset, constantValue }: OperatorContext, { attribute, slot, absent }: BoundPlace): number {
  if (opset < 11) return readFloat(node, attribute, absent);
  const name = node.inputs[slot] ?? '';
  if (name === '') return absent;
  const tensor = constantValue(name);
  return tensor && floatKindOf(tensor.dataType) ? (toFloat32(tensor)[0] ?? Number.NaN) : Number.NaN;
}
