import { z } from 'zod';
import { externalResultSchema, importedResultSchema, resultSelectorSchema } from '../domain/imported-result.ts';
import { importedDataSchema, importedModelSchema } from '../domain/imports.ts';

const { modelId, files } = importedModelSchema.shape;
const { dataset, subset, split, path, blob } = importedDataSchema.shape;

/** A model under the id that recipes name it by. */
export const importModelRequestSchema = z.strictObject({
  modelId: modelId.describe('For example `cross-encoder/ms-marco-MiniLM-L-6-v2`.'),
  revision: importedModelSchema.shape.revision.default(null).describe('The commit the files were taken from, when it is known.'),
  files: files.describe('Files stored through POST /api/v1/uploads.'),
  synthetic: z.boolean().default(false).describe("The weights are not the model's own."),
});
export type ImportModelRequest = z.input<typeof importModelRequestSchema>;

/** The first rows of one split of a data set. */
export const importDataRequestSchema = z.strictObject({
  dataset: dataset.describe('For example `facebook/xnli`.'),
  subset: subset.default(null).describe('For example `en`.'),
  split: split.describe('For example `validation`; recipes may take a slice of it.'),
  path: path.describe('File name: its ending tells CSV, TSV and text apart.'),
  blob: blob.describe('The file, stored through POST /api/v1/uploads.'),
});
export type ImportDataRequest = z.input<typeof importDataRequestSchema>;

/** Imported models by id. */
export const modelListSchema = z.object({ models: z.array(importedModelSchema) });
export type ModelList = z.infer<typeof modelListSchema>;

/** Imported rows by data set, subset and split. */
export const dataListSchema = z.object({ data: z.array(importedDataSchema) });
export type DataList = z.infer<typeof dataListSchema>;

/** Most results of one request. */
export const MAX_RESULTS = 500;

/** What another tool measured. */
export const importResultsRequestSchema = z.strictObject({ results: z.array(externalResultSchema).min(1).max(MAX_RESULTS) });
export type ImportResultsRequest = z.input<typeof importResultsRequestSchema>;

/** Which results the farm is to forget. */
export const removeResultsRequestSchema = z.strictObject({
  select: resultSelectorSchema
    .refine(
      (selector) => Object.keys(selector).length > 0,
      'It names nothing: it needs at least one of modelId, variant, deviceModel, ep, tool.',
    )
    .describe('Results that are equal in every member given; at least one has to be.'),
  dryRun: z.boolean().default(false).describe('Answer with the results and remove nothing.'),
});
export type RemoveResultsRequest = z.input<typeof removeResultsRequestSchema>;

/** Imported results by model. */
export const resultListSchema = z.object({ results: z.array(importedResultSchema) });
export type ResultList = z.infer<typeof resultListSchema>;
