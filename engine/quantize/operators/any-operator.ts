import { activations, type OperatorHandler, outputActivations } from './handler.ts';

/** Operators nobody knows better: every float input and output. */
export const anyOperator: OperatorHandler = (node, context) => [...activations(node.inputs), ...outputActivations(node, context)];
