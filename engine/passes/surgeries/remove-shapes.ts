import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import type { Surgery } from './surgery.ts';

/** Drops what is recorded of intermediate values of the main graph. */
export const removeShapes: Surgery<SurgeonArguments<'RemoveShapes'>> = {
  operate({ graph }) {
    const changes = graph.valueInfo.size;
    graph.valueInfo.clear();
    return { changes };
  },
};
