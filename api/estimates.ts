import { z } from 'zod';

/** When a task starts and ends, as far as that can be told from what was measured. */
export const taskEstimateSchema = z.object({
  startMs: z
    .number()
    .min(0)
    .nullable()
    .describe('Milliseconds from now until it starts: 0 when it has begun or can begin; null when unknown.'),
  endMs: z.number().min(0).nullable().describe('Milliseconds from now until it ends; null when unknown.'),
  unknown: z.string().max(2_000).describe('Why one of them is unknown. Empty when both are known.'),
});
export type TaskEstimate = z.infer<typeof taskEstimateSchema>;
