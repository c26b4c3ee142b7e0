import { activations, type OperatorHandler, outputActivations, weightDecision } from './handler.ts';
import { biasDecisions } from './matrix.ts';

/** LayerNormalization, InstanceNormalization and BatchNormalization: X is an activation, a constant scale a weight, B the bias. */
export const normalization: OperatorHandler = (node, context) => {
  const [x = '', scale = '', bias = ''] = node.inputs;
  return [
    ...activations([x]),
    weightDecision(scale, context.channelAxis(scale, 1, node.opType)),
    ...biasDecisions(bias, x, scale),
    ...outputActivations(node, context),
  ];
};
