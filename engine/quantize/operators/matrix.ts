import { readFloat, readInt } from '../../graph/attribute.ts';
import type { Node } from '../../graph/graph.ts';
import {
  activations,
  type BiasDecision,
  type Decision,
  type OperatorContext,
  type OperatorHandler,
  outputActivations,
  weightDecision,
} from './handler.ts';

/** MatMul: constants are weights (matrices per channel along axis 1), everything else activations. */
export const matMul: OperatorHandler = (node, context) => [
  ...node.inputs.map((tensor): Decision => {
    if (!context.isConstant(tensor)) return { kind: 'activation', tensor };
    return weightDecision(tensor, matMulAxis(tensor, node, context));
  }),
  ...outputActivations(node, context),
];

/**
 * A stack of matrices is quantised as a whole: onnxruntime's quantizer takes its axis 1, the one that is summed over, and ONNX Runtime then refuses to
 * run the product.
 */
function matMulAxis(weight: string, node: Node, context: OperatorContext): number | undefined {
  const isStack = (context.constantValue(weight)?.dims.length ?? 0) > 2;
  const isAsked = context.settings.overrides.get(weight)?.[0]?.axis !== undefined;
  return isStack && !isAsked ? undefined : context.channelAxis(weight, 1, node.opType);
}

/** Gemm: A is an activation, B a weight (per channel along its output axis), a constant C the bias, multiplied by beta beforehand. */
export const gemm: OperatorHandler = (node, context) => {
  const [a = '', b = '', c = ''] = node.inputs;
  const axis = readInt(node, 'transB', 0) > 0 ? 0 : 1;
  return [
    ...activations([a]),
    ...outputActivations(node, context),
    weightDecision(b, context.channelAxis(b, axis)),
    ...gemmBias(node, { c, a, b }),
  ];
};

/** ONNX Runtime's integer Gemm multiplies the int32 bias by alpha too: with another alpha than 1 the bias has to stay float. */
function gemmBias(node: Node, { a, b, c }: { readonly a: string; readonly b: string; readonly c: string }): Decision[] {
  if (c !== '' && readFloat(node, 'alpha', 1) !== 1) return [{ kind: 'skip', tensor: c, reason: 'bias-of-scaled-product' }];
  const beta = readFloat(node, 'beta', 1);
  return biasDecisions(c, a, b).map((decision) => (beta === 1 ? decision : { ...decision, factor: { attribute: 'beta', value: beta } }));
}

/** Conv and ConvTranspose: X is an activation, W a weight (per channel along its output axis), B the bias. */
export const conv: OperatorHandler = (node, context) => {
  const [x = '', w = '', b = ''] = node.inputs;
  const axis = context.channelAxis(w, node.opType === 'Conv' ? 0 : 1);
  return [...activations([x]), ...outputActivations(node, context), weightDecision(w, axis), ...biasDecisions(b, x, w)];
};

/** Asks for a bias, if there is one. */
export function biasDecisions(bias: string, input: string, weight: string): BiasDecision[] {
  return bias === '' ? [] : [{ kind: 'bias', tensor: bias, input, weight }];
}
