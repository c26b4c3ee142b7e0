import { GroveError } from '../../domain/errors.ts';
import type { ImportedResult } from '../../domain/imported-result.ts';
import type { ImportedData, ImportedModel } from '../../domain/imports.ts';

/** Far above what a lab imports, and little enough for one document. */
export const MAX_IMPORTS = 1_000;

/** Where imports are remembered. One of the same name replaces the earlier; jobs keep the files they were submitted with. */
export interface ImportStore {
  /** Sorted by id. */
  models(): Promise<readonly ImportedModel[]>;
  /** Sorted by data set, subset and split. */
  data(): Promise<readonly ImportedData[]>;
  /** Results of other tools, sorted by {@link resultName}. */
  results(): Promise<readonly ImportedResult[]>;
  /** Durable when it resolves. Throws `invalid-request` when there are too many. */
  putModel(model: ImportedModel): Promise<void>;
  /** Durable when it resolves. Throws `invalid-request` when there are too many. */
  putData(data: ImportedData): Promise<void>;
  /** Durable when it resolves. Throws `invalid-request` when there are too many. */
  putResult(result: ImportedResult): Promise<void>;
}

/** One string per split of a data set; sorts as {@link ImportStore.data} does. */
export function splitName({ dataset, subset, split }: Pick<ImportedData, 'dataset' | 'subset' | 'split'>): string {
  return `${dataset}\n${subset ?? ''}\n${split}`;
}

export function tooManyImports(): GroveError {
  return new GroveError('invalid-request', { problem: `the farm holds ${MAX_IMPORTS} imports already` });
}
