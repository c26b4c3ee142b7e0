import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ValueInfo } from '../../graph/value.ts';
import { renameDim } from './rename-dim.ts';
import { misfit, type Surgery } from './surgery.ts';

type Args = SurgeonArguments<'RenameInputDims'>;

/** Gives one axis of a graph input a symbolic name. */
export const renameInputDims: Surgery<Args> = {
  operate({ graph }, args) {
    renameDim(inputOf(graph, args), args, 'RenameInputDims');
    return { changes: 1 };
  },
};

function inputOf({ inputs }: Graph, { input_name, input_idx }: Args): ValueInfo {
  const input = input_name === null ? inputs.at(input_idx ?? 0) : inputs.find(({ name }) => name === input_name);
  if (input !== undefined) return input;
  const wanted = input_name === null ? `number ${input_idx}` : `"${input_name}"`;
  throw misfit('RenameInputDims', `the model has no input ${wanted}; its inputs are ${inputs.map(({ name }) => name).join(', ')}`);
}
