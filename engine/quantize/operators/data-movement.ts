import { type Decision, type OperatorHandler, wantsOutput } from './handler.ts';

/**
 * Operators that only move elements of their first input: the first output has its scale. Without `forceQuantizeNoInputCheck` they follow their
 * input, quantised or not; the order of nodes matters then.
 */
export const dataMovement: OperatorHandler = (node, context) => {
  const [input = ''] = node.inputs;
  const { forceQuantizeNoInputCheck: isForced } = context.settings;
  if (!isForced && !context.isMarked(input)) return [];
  const decisions: Decision[] = isForced ? [{ kind: 'activation', tensor: input }] : [];
  if (wantsOutput(node, context)) decisions.push({ kind: 'same', tensor: node.outputs[0] ?? '', provider: input });
  return decisions;
};

/** MaxPool, since opset 12 also of integers. */
export const maxPool: OperatorHandler = (node, context) => (context.opset < 12 ? [] : dataMovement(node, context));

/** Resize, since opset 11 in its present form. */
export const resize: OperatorHandler = (node, context) => (context.opset < 11 ? [] : dataMovement(node, context));

/** Gather and GatherElements: a table of floats is always quantised, as an activation. */
export const gather: OperatorHandler = (node, context) => {
  const [data = ''] = node.inputs;
  const isTaken = context.isFloatConstant(data) || context.settings.forceQuantizeNoInputCheck;
  if (!isTaken && !context.isMarked(data)) return [];
  const output: Decision = { kind: 'same', tensor: node.outputs[0] ?? '', provider: data };
  return isTaken ? [{ kind: 'activation', tensor: data }, output] : [output];
};

/** Split: always, and all outputs have the scale of the input. */
export const split: OperatorHandler = (node, context) => {
  const [input = ''] = node.inputs;
  const outputs = wantsOutput(node, context) ? node.outputs : [];
  return [{ kind: 'activation', tensor: input }, ...outputs.map((tensor): Decision => ({ kind: 'same', tensor, provider: input }))];
};
