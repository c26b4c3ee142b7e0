import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { DataConfig, JsonObject } from '../../domain/recipe/recipe.ts';

const json: z.ZodType<Json> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
const component = z.strictObject({ type: z.string().nullable(), params: jsonObject });

/** A parsed data config on its way to a child process. */
export const dataConfigSchema: z.ZodType<DataConfig> = z.strictObject({
  name: z.string(),
  path: z.string(),
  type: z.string(),
  source: z.strictObject({ dataset: z.string().nullable(), subset: z.string().nullable(), split: z.string(), dataFiles: json }),
  tokenization: z.strictObject({
    columns: z.array(z.string()),
    maxSamples: z.int().min(0).nullable(),
    padding: z.enum(['max_length', 'longest', 'none']),
    truncation: z.boolean(),
    maxLength: z.int().min(1).nullable(),
    addSpecialTokens: z.boolean(),
  }),
  labelColumn: z.string().nullable(),
  batchSize: z.int().min(1),
  dropLast: z.boolean(),
  load: component,
  preProcess: component,
  postProcess: component,
  dataloader: component,
});
