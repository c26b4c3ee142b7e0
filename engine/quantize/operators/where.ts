import { activations, type OperatorHandler, outputActivations } from './handler.ts';

/** Where: both branches and the output, each with a scale of its own. Unforced, only the output, and only when both branches are quantised. */
export const where: OperatorHandler = (node, context) => {
  const branches = node.inputs.slice(1, 3);
  if (context.settings.forceQuantizeNoInputCheck) return [...activations(branches), ...outputActivations(node, context)];
  return branches.length === 2 && branches.every((branch) => context.isMarked(branch)) ? outputActivations(node, context) : [];
};
