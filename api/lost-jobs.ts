import { z } from 'zod';
import { idSchema } from '../domain/names.ts';

/** A job that was accepted, whose document is archived, and that the task store does not have. */
export const lostJobSchema = z.object({
  jobId: idSchema,
  submitter: z.string().max(200),
  submittedAt: z.number().describe('Milliseconds since 1970-01-01 UTC.'),
  recipes: z.array(z.string().max(200)).describe('The first of `recipeCount`.'),
  recipeCount: z.int().min(1),
  problem: z.string().max(2_000).describe('Why it cannot be submitted again from its document. Empty when it can.'),
});
export type LostJob = z.infer<typeof lostJobSchema>;

export const lostJobListSchema = z.object({ jobs: z.array(lostJobSchema).describe('By id, at most 1,000.') });
export type LostJobList = z.infer<typeof lostJobListSchema>;

export const recoverAnswerSchema = z.object({
  jobId: idSchema,
  recovered: z.boolean().describe('False when the task store has the job.'),
});
export type RecoverAnswer = z.infer<typeof recoverAnswerSchema>;
