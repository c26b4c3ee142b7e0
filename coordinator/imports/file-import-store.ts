import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { type ImportedResult, importedResultSchema, resultName } from '../../domain/imported-result.ts';
import { type ImportedData, type ImportedModel, importedDataSchema, importedModelSchema, isSameSplit } from '../../domain/imports.ts';
import type { Files } from '../../domain/ports.ts';
import {
  type ImportStore,
  MAX_IMPORTED_RESULTS,
  MAX_IMPORTS,
  resultsByName,
  splitName,
  tooManyImports,
  tooManyResults,
} from './import-store.ts';

const FILE = 'imports.json';

const documentSchema = z.strictObject({
  schemaVersion: z.literal(1),
  models: z.array(importedModelSchema),
  data: z.array(importedDataSchema),
  /** Absent in files of earlier versions. */
  results: z.array(importedResultSchema).default([]),
});
type Document = z.infer<typeof documentSchema>;

/** Imports in one file of a coordinator's folder, replaced whole with every change. */
export class FileImportStore implements ImportStore {
  readonly #files: Files;
  readonly #path: string;
  #document: Document;
  /** Changes follow one another, so that none is lost between reading and writing. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(files: Files, path: string, document: Document) {
    this.#files = files;
    this.#path = path;
    this.#document = document;
  }

  /** Throws `invalid-config` for a file that is no list of imports. */
  static async open(folder: string, files: Files): Promise<FileImportStore> {
    await files.makeFolder(folder);
    const path = join(folder, FILE);
    const bytes = await files.read(path);
    return new FileImportStore(
      files,
      path,
      bytes === undefined ? { schemaVersion: 1, models: [], data: [], results: [] } : parse(path, bytes),
    );
  }

  async models(): Promise<readonly ImportedModel[]> {
    return this.#document.models;
  }

  async data(): Promise<readonly ImportedData[]> {
    return this.#document.data;
  }

  async results(): Promise<readonly ImportedResult[]> {
    return this.#document.results;
  }

  putModel(model: ImportedModel): Promise<void> {
    return this.#change((document) => {
      const others = document.models.filter(({ modelId }) => modelId !== model.modelId);
      return { ...document, models: [...others, model].sort((a, b) => compare(a.modelId, b.modelId)) };
    });
  }

  putData(data: ImportedData): Promise<void> {
    return this.#change((document) => {
      const others = document.data.filter((other) => !isSameSplit(other, data));
      return { ...document, data: [...others, data].sort((a, b) => compare(splitName(a), splitName(b))) };
    });
  }

  putResults(results: readonly ImportedResult[]): Promise<void> {
    return this.#change((document) => {
      const merged = resultsByName([...document.results, ...results]);
      return { ...document, results: [...merged].sort(([a], [b]) => compare(a, b)).map(([, result]) => result) };
    });
  }

  removeResults(names: readonly string[]): Promise<void> {
    const gone = new Set(names);
    return this.#change((document) => ({ ...document, results: document.results.filter((result) => !gone.has(resultName(result))) }));
  }

  #change(edit: (document: Document) => Document): Promise<void> {
    const write = this.#lastWrite.then(async () => {
      const changed = edit(this.#document);
      if (changed.models.length + changed.data.length > MAX_IMPORTS) throw tooManyImports();
      if (changed.results.length > MAX_IMPORTED_RESULTS) throw tooManyResults();
      await this.#files.writeAtomic(this.#path, Buffer.from(JSON.stringify(changed)));
      this.#document = changed;
    });
    this.#lastWrite = write.catch(() => {});
    return write;
  }
}

function parse(path: string, bytes: Uint8Array): Document {
  try {
    return documentSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new GroveError('invalid-config', { where: path, problem: 'it is no list of imports' }, { cause });
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
