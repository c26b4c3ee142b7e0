import { z } from 'zod';
import { coverageSchema, jobStateSchema } from '../domain/job.ts';
import { idSchema, prioritySchema, taskKindSchema, tierSchema } from '../domain/names.ts';
import { taskStateSchema } from '../domain/task-state.ts';
import { taskEstimateSchema } from './estimates.ts';
import { taskSummarySchema } from './tasks.ts';

const epochMs = z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.');

/** Number of tasks in each state. */
export const taskCountsSchema = z.record(taskStateSchema, z.int().min(0));

const jobModelSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hub'), modelId: z.string().max(200), revision: z.string().max(100).nullable() }),
  z.object({ kind: z.literal('uploaded'), fileCount: z.int().min(0), sizeBytes: z.number().min(0) }),
]);

/** Recipes that a listed job names; a sweep has more. */
export const MAX_LISTED_RECIPES = 20;

/** A job in a list. */
export const jobSummarySchema = z.object({
  jobId: idSchema,
  submitter: z.string().max(200),
  submittedAt: epochMs,
  endedAt: epochMs.nullable(),
  state: jobStateSchema,
  counts: taskCountsSchema,
  priority: prioritySchema,
  recipes: z
    .array(z.object({ recipeId: z.string().max(200), digest: z.string().max(64) }))
    .describe(`The first ${MAX_LISTED_RECIPES} of \`recipeCount\`.`),
  recipeCount: z.int().min(1),
  model: jobModelSchema.describe('The first of `modelCount`.'),
  modelCount: z.int().min(1),
  selectors: z.array(z.array(z.string().max(8_000))).describe('Of a sweep: groups of conditions, each in addition to `where`.'),
  cause: z
    .object({ kind: z.enum(['rerun', 'suite', 'environment']), reason: z.string().max(500) })
    .nullable()
    .describe('Why the job exists, when nobody wrote it down as it is.'),
  data: z.array(z.string().max(100)).describe('Names of the data_configs replaced by local files.'),
  synthetic: z.boolean(),
  on: coverageSchema,
  where: z.array(z.string().max(8_000)).describe('Conditions on devices, as a submit takes them.'),
  substituteEp: z.string().max(60).nullable(),
  substituteDevice: z.string().max(60).nullable(),
  tier: tierSchema,
  launches: z.int().nullable(),
  task: z.string().max(60).nullable(),
  strict: z.boolean(),
  waitForDevice: z.boolean(),
  followsUntil: epochMs
    .nullable()
    .describe('Until then devices that appear are taken in; null when the job follows no fleet, or was cancelled.'),
  deadlineAt: epochMs.nullable().default(null).describe('What has not ended by then ends as `deadline-exceeded`; null without a deadline.'),
});
export type JobSummary = z.infer<typeof jobSummarySchema>;

/** One page of jobs. */
export const jobListSchema = z.object({
  jobs: z.array(jobSummarySchema).describe('Newest first.'),
  next: idSchema
    .nullable()
    .describe('`before` of the next page; null at the end. A page of a filtered list may be short, or empty, before the end.'),
});
export type JobList = z.infer<typeof jobListSchema>;

/** Tasks of one page, unless the request says otherwise, and at most. */
export const TASKS_PER_PAGE = 200;
export const MAX_TASKS_PER_PAGE = 1_000;

/** Tasks of a page whose start and end are estimated, when that is asked for. */
export const MAX_ESTIMATED_PER_PAGE = 50;

/** A task of a job. */
export const jobTaskSchema = taskSummarySchema.extend({
  estimate: taskEstimateSchema
    .exactOptional()
    .describe(`When asked for: of the first ${MAX_ESTIMATED_PER_PAGE} tasks of the page that have not ended.`),
});
export type JobTask = z.infer<typeof jobTaskSchema>;

/** A job with one page of its tasks. */
export const jobViewSchema = jobSummarySchema.extend({
  estimate: taskEstimateSchema
    .exactOptional()
    .describe('When asked for and while the job runs: when the first of its tasks that have not ended starts, and the last one ends.'),
  tasks: z.array(jobTaskSchema).describe('In the order they were added.'),
  taskOffset: z.int().min(0).describe('Place of the first of them among those asked for.'),
  taskCount: z.int().min(0).describe('Tasks in the states asked for; all without a filter.'),
});
export type JobView = z.infer<typeof jobViewSchema>;

/** What a cancel did. */
export const cancelAnswerSchema = z.object({ cancelled: z.int().min(0).describe('Tasks that this call ended or told to stop.') });
export type CancelAnswer = z.infer<typeof cancelAnswerSchema>;

/** Devices that an explanation names on either side; a farm may have thousands. */
export const MAX_EXPLAINED_DEVICES = 20;

/** Why one task is where it is: what it waits for, which devices could take it, and why the others cannot. */
export const taskExplanationSchema = z.object({
  taskId: idSchema,
  kind: taskKindSchema,
  recipeId: z.string().max(200),
  state: taskStateSchema,
  position: z.int().min(1).nullable().describe('Place in its queue, 1 = next; null when it is not pending.'),
  estimate: taskEstimateSchema,
  matching: z
    .array(z.object({ deviceName: z.string().max(200), status: z.string().max(60), why: z.string().max(2_000) }))
    .max(MAX_EXPLAINED_DEVICES)
    .describe(`The first ${MAX_EXPLAINED_DEVICES}, idle ones before others.`),
  matchingCount: z.int().min(0),
  refused: z
    .array(z.object({ deviceName: z.string().max(200), lines: z.array(z.string().max(2_000)).max(32) }))
    .max(MAX_EXPLAINED_DEVICES)
    .describe(`The first ${MAX_EXPLAINED_DEVICES}.`),
  refusedCount: z.int().min(0),
  needs: z.array(z.object({ taskId: idSchema, state: taskStateSchema })),
});
export type TaskExplanation = z.infer<typeof taskExplanationSchema>;

/** Why a job is where it is: one entry per task that has not ended. */
export const explanationSchema = z.object({
  tasks: z.array(taskExplanationSchema).describe('The first that have not ended.'),
  deadlineAt: epochMs.nullable().default(null).describe('When what has not ended by then is stopped; null without a deadline.'),
  more: z.int().min(0).default(0).describe('Further tasks that have not ended.'),
});
export type Explanation = z.infer<typeof explanationSchema>;
