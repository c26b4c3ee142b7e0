import { z } from 'zod';
import { blobSchema, filesSchema, portablePathSchema } from './manifest.ts';

/** Models and rows that people brought to the farm under the names recipes use, so that a farm without a hub runs recipes as they are. */

/** Where rows of a recipe's own data sets, imported or fetched from a hub, lie in a source manifest. Submitted files may not lie there, so neither takes the other's place. */
export const IMPORTED_ROWS = 'data/imported/';

/** A Hugging Face model id: `owner/name`, or a bare name of the early ones. */
export const hubIdSchema = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/, 'not a hub id (owner/name)');

const who = { importedAt: z.number().min(0), importedBy: z.string().max(200) };

export const importedModelSchema = z.strictObject({
  modelId: hubIdSchema,
  /** The commit the files were taken from, as their importer says; null when nobody knows. */
  revision: z
    .string()
    .regex(/^[0-9a-f]{40}$/, 'not a commit (40 hex digits)')
    .nullable(),
  files: filesSchema,
  /** Weights are not the model's own. */
  synthetic: z.boolean(),
  ...who,
});
export type ImportedModel = z.infer<typeof importedModelSchema>;

/** Rows of one split of a data set, from its start. */
export const importedDataSchema = z.strictObject({
  dataset: hubIdSchema,
  subset: z.string().max(200).nullable(),
  /** Without a slice: `validation`. */
  split: z.string().regex(/^[\w.-]{1,100}$/, 'not the name of a split'),
  /** The file's name tells its format. */
  path: portablePathSchema,
  blob: blobSchema,
  ...who,
});
export type ImportedData = z.infer<typeof importedDataSchema>;

/** The command that brings the rows of a data set to the farm. `split` may have a slice. */
export function importCommand({ dataset, subset, split }: Pick<ImportedData, 'dataset' | 'subset' | 'split'>): string {
  const whole = split.replace(/\[.*$/, '');
  return `grove data import FILE --dataset ${dataset}${subset === null ? '' : ` --subset ${subset}`} --split ${whole}`;
}

/** What identifies imported rows. */
export function isSameSplit(
  a: Pick<ImportedData, 'dataset' | 'subset' | 'split'>,
  b: Pick<ImportedData, 'dataset' | 'subset' | 'split'>,
): boolean {
  return a.dataset === b.dataset && a.subset === b.subset && a.split === b.split;
}
