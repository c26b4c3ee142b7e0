import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { renameDim } from './rename-dim.ts';
import { misfit, type Surgery } from './surgery.ts';

/** Gives one axis of a graph output a symbolic name. */
export const renameOutputDims: Surgery<SurgeonArguments<'RenameOutputDims'>> = {
  operate({ graph }, args) {
    const output = graph.outputs.at(args.output_idx);
    if (output === undefined)
      throw misfit('RenameOutputDims', `the model has ${graph.outputs.length} outputs, none is number ${args.output_idx}`);
    renameDim(output, args, 'RenameOutputDims');
    return { changes: 1 };
  },
};
