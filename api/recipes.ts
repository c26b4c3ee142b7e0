import { z } from 'zod';
import { publishedSchema } from '../domain/matrix.ts';
import { findingSchema } from '../domain/report.ts';

const passSummarySchema = z.object({
  name: z.string().max(200),
  type: z.string().max(200),
  side: z.enum(['host', 'target']).describe('host: part of the conversion; target: runs in the benchmark task.'),
  native: z.boolean().describe('False: only an agent with the Olive toolchain can run it.'),
});

/** One entry of the catalogue. */
export const recipeSummarySchema = z.object({
  recipeId: z.string().max(200),
  digest: z.string().max(64),
  title: z.string().max(500),
  modelId: z.string().max(200).nullable(),
  target: z.string().max(200).describe('What the recipe asks for: `npu QNNExecutionProvider`.'),
  passes: z.array(passSummarySchema),
  supported: z.boolean().describe('Grove converts it natively.'),
  unsupported: z.array(z.string().max(500)).describe('Why not, one line per pass. Empty when supported.'),
  lint: z.array(findingSchema),
  published: publishedSchema.nullable(),
});
export type RecipeSummary = z.infer<typeof recipeSummarySchema>;

/** The whole catalogue. */
export const recipeListSchema = z.object({ recipes: z.array(recipeSummarySchema) });
export type RecipeList = z.infer<typeof recipeListSchema>;

/** An entry with its file and the parameters of each pass after Olive's defaults. */
export const recipeViewSchema = recipeSummarySchema.extend({
  text: z.string().max(1_048_576),
  passes: z.array(passSummarySchema.extend({ params: z.record(z.string(), z.unknown()) })),
});
export type RecipeView = z.infer<typeof recipeViewSchema>;
