import { z } from 'zod';
import { idSchema, prioritySchema, taskKindSchema } from '../domain/names.ts';
import { requirementSchema } from '../domain/requirement.ts';
import { errorReportSchema, taskResultSchema } from '../domain/task.ts';
import { taskStateSchema } from '../domain/task-state.ts';

const epochMs = z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.');

/** Where a running attempt is. */
export const progressSchema = z.object({
  attempt: z.int().min(1),
  stage: z.string().max(60),
  fraction: z.number().min(0).max(1).describe('Of this stage.'),
  note: z.string().max(500),
});
export type ProgressView = z.infer<typeof progressSchema>;

/** One execution of a task. The fencing token of its lease never leaves the coordinator and the agent. */
export const attemptSchema = z.object({
  attempt: z.int().min(1),
  agentId: idSchema,
  deviceName: z.string().max(200),
  leasedAt: epochMs,
  acceptedAt: epochMs.nullable(),
  endedAt: epochMs.nullable(),
  ended: z
    .object({ state: z.enum(['completed', 'failed', 'exception', 'cancelled']), error: errorReportSchema.nullable() })
    .nullable()
    .describe('Null while it lives.'),
  cancelRequestedBy: z.string().max(200).nullable(),
});
export type AttemptView = z.infer<typeof attemptSchema>;

/** A task in a list. */
export const taskSummarySchema = z.object({
  taskId: idSchema,
  kind: taskKindSchema,
  jobIds: z.array(idSchema).describe('One, or several for a shared conversion.'),
  recipeId: z.string().max(200),
  recipeDigest: z.string().max(64),
  modelId: z.string().max(200).nullable().describe('Null for a conversion, which is shared by content.'),
  state: taskStateSchema,
  error: errorReportSchema.nullable().describe("Why it ended, or the last attempt's exception while it is pending again."),
  priority: prioritySchema,
  submitter: z.string().max(200),
  needs: z.array(idSchema),
  requirement: requirementSchema,
  createdAt: epochMs,
  enqueuedAt: epochMs.nullable(),
  endedAt: epochMs.nullable(),
  maxAttempts: z.int().min(1),
  attempts: z.array(attemptSchema),
  summary: z.string().max(1_000).default('').describe('What a benchmark found, in one line; empty before and for other kinds.'),
  progress: progressSchema.nullable().describe('Of the attempt that runs now, when its agent has reported any.'),
});
export type TaskSummary = z.infer<typeof taskSummarySchema>;

/** A task with what came of it. */
export const taskViewSchema = taskSummarySchema.extend({ result: taskResultSchema.nullable() });
export type TaskView = z.infer<typeof taskViewSchema>;
