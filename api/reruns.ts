import { z } from 'zod';
import { cellStateSchema } from '../domain/cell-state.ts';
import { prioritySchema } from '../domain/names.ts';
import { submitAnswerSchema } from './submit.ts';

/** What a cell may be run again for: its state, or a badge that says that its number is of the past. */
export const rerunStateSchema = z.enum([...cellStateSchema.exclude(['running', 'waiting']).options, 'stale', 'partial']);
export type RerunState = z.infer<typeof rerunStateSchema>;

/** Which cells of the matrix to run again. */
export const rerunRequestSchema = z.strictObject({
  states: z.array(rerunStateSchema).min(1).max(32).describe('Cells in one of these states, or with the badge.'),
  recipes: z.array(z.string().min(1).max(200)).max(64).exactOptional().describe('Only rows of these recipes: ids, file names or labels.'),
  devices: z.array(z.string().min(1).max(300)).max(64).exactOptional().describe('Only these devices, by their name or model.'),
  priority: prioritySchema.exactOptional().describe('Default sweep.'),
  dryRun: z.boolean().exactOptional().describe('Answer with the plan and store nothing. Default false.'),
});
export type RerunRequest = z.infer<typeof rerunRequestSchema>;

/** The job that runs them again. */
export const rerunAnswerSchema = submitAnswerSchema.extend({
  cells: z.int().min(0).describe('Benchmarks that are run again; 0 makes no job.'),
});
export type RerunAnswer = z.infer<typeof rerunAnswerSchema>;
