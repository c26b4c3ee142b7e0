import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { pairNames, renameValues, renamingProblem } from './rename-values.ts';
import { misfit, type Surgery } from './surgery.ts';

/** Renames graph inputs with all their uses. An initialiser that gives an input its default follows. */
export const renameInputs: Surgery<SurgeonArguments<'RenameInputs'>> = {
  operate({ graph }, args) {
    const { renamings, missing } = pairNames(args, new Set(graph.inputs.map(({ name }) => name)));
    const problem = renamingProblem(graph, renamings);
    if (problem !== undefined) throw misfit('RenameInputs', problem);
    renameValues(graph, renamings);
    return { changes: renamings.size, leftOut: missing.map((name) => `the model has no input "${name}"`) };
  },
};
