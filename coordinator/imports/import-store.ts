import { GroveError } from '../../domain/errors.ts';
import { type ImportedResult, resultName } from '../../domain/imported-result.ts';
import type { ImportedData, ImportedModel } from '../../domain/imports.ts';

/** Far above what a lab imports, and little enough for one document. */
export const MAX_IMPORTS = 1_000;

/** Imported results beside them. */
export const MAX_IMPORTED_RESULTS = 2_000;

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
  /** All of them or none; durable when it resolves. Throws `invalid-request` when there would be too many results; models and rows do not count. */
  putResults(results: readonly ImportedResult[]): Promise<void>;
  /** Removes results by {@link resultName}; names that there are not change nothing. Durable when it resolves. */
  removeResults(names: readonly string[]): Promise<void>;
}

/** One string per split of a data set; sorts as {@link ImportStore.data} does. */
export function splitName({ dataset, subset, split }: Pick<ImportedData, 'dataset' | 'subset' | 'split'>): string {
  return `${dataset}\n${subset ?? ''}\n${split}`;
}

export function tooManyImports(): GroveError {
  return new GroveError('invalid-request', { problem: `the farm holds ${MAX_IMPORTS} imports already` });
}

export function tooManyResults(): GroveError {
  return new GroveError('invalid-request', { problem: `the farm holds at most ${MAX_IMPORTED_RESULTS} imported results` });
}

/** Results by name; of two for one place the later one. */
export function resultsByName(results: readonly ImportedResult[]): ReadonlyMap<string, ImportedResult> {
  return new Map(results.map((result) => [resultName(result), result]));
}
