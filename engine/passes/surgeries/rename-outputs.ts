import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { pairNames, renameValues, renamingProblem } from './rename-values.ts';
import { misfit, type Surgery } from './surgery.ts';

/** Renames graph outputs with all uses of their values. */
export const renameOutputs: Surgery<SurgeonArguments<'RenameOutputs'>> = {
  operate({ graph }, args) {
    const { renamings, missing } = pairNames(args, new Set(graph.outputs.map(({ name }) => name)));
    const passedThrough = [...renamings.keys()].find((name) => graph.isInput(name));
    if (passedThrough !== undefined)
      throw misfit('RenameOutputs', `output "${passedThrough}" is an input too, which would be renamed with it`);
    const problem = renamingProblem(graph, renamings);
    if (problem !== undefined) throw misfit('RenameOutputs', problem);
    renameValues(graph, renamings);
    return { changes: renamings.size, leftOut: missing.map((name) => `the model has no output "${name}"`) };
  },
};
