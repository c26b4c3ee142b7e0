import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import type { Surgery } from './surgery.ts';

/** Finds nothing by construction: a graph here has one producer a value, and a file with two is refused when it is read. */
export const deduplicateNodes: Surgery<SurgeonArguments<'DeduplicateNodes'>> = {
  operate() {
    return { changes: 0, whyNothing: 'no value has two producers, which is what it repairs' };
  },
};
