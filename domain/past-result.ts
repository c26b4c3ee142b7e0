import { z } from 'zod';
import { cellStateSchema } from './cell-state.ts';
import { estimateSchema } from './report.ts';

/** One ended benchmark of a unit: a point of a cell's history. */
export const pastResultSchema = z.strictObject({
  taskId: z.string(),
  jobId: z.string(),
  unit: z.string().nullable(),
  /** When it ended. */
  at: z.number(),
  /** By itself: never `regressed` or `improved`. */
  state: cellStateSchema,
  code: z.string().nullable(),
  p50Ms: estimateSchema.nullable(),
  launches: z.int().min(0),
  heavyNodesElsewhere: z.int().min(0).nullable(),
  recipeDigest: z.string(),
  conversionKey: z.string().nullable(),
  environmentId: z.string().nullable(),
  ortVersion: z.string().nullable(),
});
export type PastResult = z.infer<typeof pastResultSchema>;
