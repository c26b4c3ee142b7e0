import type { ImportedData, ImportedModel } from '../../domain/imports.ts';

/** Where imports are remembered. One of the same name replaces the earlier; jobs keep the files they were submitted with. */
export interface ImportStore {
  /** Sorted by id. */
  models(): Promise<readonly ImportedModel[]>;
  /** Sorted by data set, subset and split. */
  data(): Promise<readonly ImportedData[]>;
  /** Durable when it resolves. Throws `invalid-request` when there are too many. */
  putModel(model: ImportedModel): Promise<void>;
  /** Durable when it resolves. Throws `invalid-request` when there are too many. */
  putData(data: ImportedData): Promise<void>;
}
