import { z } from 'zod';
import { dataColumnsShape } from '../domain/data-columns.ts';
import {
  coverageSchema,
  MAX_DEADLINE_MS,
  MAX_FOLLOW_MS,
  MAX_SWEEP_MODELS,
  MAX_SWEEP_SELECTORS,
  substituteDeviceSchema,
} from '../domain/job.ts';
import { filesSchema, portablePathSchema } from '../domain/manifest.ts';
import { idSchema, prioritySchema, taskKindSchema, tierSchema } from '../domain/names.ts';
import { findingSchema } from '../domain/report.ts';
import { MAX_CONDITIONS } from '../domain/selector/condition.ts';
import { parseCondition } from '../domain/selector/parse.ts';
import { taskStateSchema } from '../domain/task-state.ts';
import { taskEstimateSchema } from './estimates.ts';

const recipeChoiceSchema = z.union([
  z.strictObject({ catalogueId: z.string().min(1).max(200).describe('An entry of GET /api/v1/recipes.') }),
  z.strictObject({
    name: z.string().min(1).max(200).describe('For messages and the matrix: usually the file name.'),
    text: z.string().min(1).max(1_048_576).describe('An Olive workflow file (JSON), as it is.'),
  }),
]);

const modelChoiceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hub'), modelId: z.string().min(1).max(200), revision: z.string().min(1).max(100).exactOptional() }),
  z.strictObject({
    kind: z.literal('uploaded'),
    files: filesSchema.describe('Files stored through POST /api/v1/uploads.'),
    synthetic: z.boolean().exactOptional().describe("Its weights are not the model's own. Default: `synthetic` of the request."),
  }),
]);

const dataChoiceSchema = z.strictObject({
  path: portablePathSchema.describe('Which of `dataFiles` holds the rows (JSON Lines, Parquet, CSV, TSV or text).'),
  columns: dataColumnsShape.columns.describe("Texts to read in place of the recipe's: one column, or two of a pair."),
  labelColumn: dataColumnsShape.labelColumn.describe(
    "Class or relevance of a row. Default: the data_config's label_col, where the file has it.",
  ),
  groupColumn: dataColumnsShape.groupColumn.describe('What rows of one query have in common. Default: the text of the first column.'),
});

/** One condition as a person writes it; the message of a refusal says at which column what is allowed. */
export const conditionTextSchema = z
  .string()
  .min(1)
  .max(8_000)
  .superRefine((text, context) => {
    try {
      parseCondition(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  });

const whereSchema = z.union([
  z
    .array(conditionTextSchema)
    .max(MAX_CONDITIONS)
    .describe(
      'Conditions that must all hold: `driver>=32.0`, `memory>=16GiB`, `ep.QNN>=2.1`, `pool in (night, weekend)`, `toolchain=openvino`, `!firmware`. A name that is no field of a device is a label.',
    ),
  z.record(z.string().min(1).max(100), z.string().max(300)).describe('Labels with their values.'),
]);

/** Lists of settings that one sweep may try. */
const MAX_VARIANTS = 256;

const settingsSchema = z
  .array(
    z
      .string()
      .max(1_000)
      .regex(/^[^=\s]+\.[^=\s]+=/, 'not of the form pass.parameter=value'),
  )
  .max(100);

/** What a user asks for; members left out take the default their description states. */
export const submitRequestSchema = z.strictObject({
  recipes: z.array(recipeChoiceSchema).min(1).max(256),
  model: modelChoiceSchema.exactOptional().describe('Default: the hub model that the recipes name (all the same one).'),
  models: z
    .array(modelChoiceSchema)
    .min(1)
    .max(MAX_SWEEP_MODELS)
    .exactOptional()
    .describe('In place of `model`: every recipe runs with each of them.'),
  selectors: z
    .array(whereSchema)
    .min(1)
    .max(MAX_SWEEP_SELECTORS)
    .exactOptional()
    .describe('Groups of devices, each in addition to `where`: every recipe runs on the devices of each, as `on` says.'),
  variants: z
    .array(settingsSchema.min(1))
    .min(1)
    .max(MAX_VARIANTS)
    .exactOptional()
    .describe('Settings, each list in addition to `set`: every recipe runs once with each list of which it has a pass.'),
  data: z
    .record(z.string().regex(/^[A-Za-z0-9_]{1,100}$/, 'not a data_config name'), dataChoiceSchema)
    .exactOptional()
    .describe('Replaces the source of the data_config of this name.'),
  dataFiles: filesSchema.exactOptional().describe('Files that `data` names, stored through POST /api/v1/uploads.'),
  synthetic: z.boolean().exactOptional().describe("The weights are not the model's own. Default false."),
  on: coverageSchema.describe('Which devices each recipe runs on.'),
  where: whereSchema.exactOptional().describe('What a device must have beside what the recipe needs.'),
  substituteEp: z.enum(['cpu']).exactOptional().describe('Run the benchmark session on this EP whatever the recipe asks for.'),
  substituteDevice: substituteDeviceSchema
    .exactOptional()
    .describe("Keep the recipe's EP and run it on this kind of device; not together with `substituteEp`."),
  tier: tierSchema.exactOptional().describe('Default standard.'),
  launches: z.int().min(1).max(64).exactOptional().describe("Default: the tier's own number."),
  priority: prioritySchema.exactOptional().describe('Default interactive; sweep where `models`, `selectors` or `variants` are given.'),
  task: z.string().min(1).max(60).exactOptional().describe("Replaces the recipe's task, for example text-classification."),
  set: settingsSchema.exactOptional().describe('pass.parameter=value: changes a parameter of a pass.'),
  minCosine: z
    .number()
    .min(-1)
    .max(1)
    .exactOptional()
    .describe("Similarity below which outputs count as spoilt. Default: the catalogue's, else 0.99, or 0.95 for quantized recipes."),
  strict: z.boolean().exactOptional().describe('Lint findings refuse the recipe. Default false.'),
  waitForDevice: z.boolean().exactOptional().describe('Queue it although no known device can run it. Default false.'),
  followForMs: z
    .int()
    .min(1)
    .max(MAX_FOLLOW_MS)
    .exactOptional()
    .describe('Also run on devices that appear, or begin to fit, within this many milliseconds. Default: the fleet as it is.'),
  deadlineMs: z
    .int()
    .min(1_000)
    .max(MAX_DEADLINE_MS)
    .exactOptional()
    .describe(
      'What has not ended this many milliseconds after the submit is stopped and ends as `deadline-exceeded`. Default: no deadline.',
    ),
  dryRun: z.boolean().exactOptional().describe('Answer with the plan and store nothing. Default false.'),
});
export type SubmitRequest = z.infer<typeof submitRequestSchema>;

/** Tasks that a plan lists; a sweep has thousands. */
export const MAX_PLAN_TASKS = 200;

/** Devices that a plan names in one place; a farm may have thousands. */
export const MAX_PLAN_DEVICES = 5;

/** Recipes of which a plan says which devices fit. */
export const MAX_PLAN_FITS = 50;

const someDevices = { count: z.int().min(0), first: z.array(z.string().max(200)).max(MAX_PLAN_DEVICES) };

/** Which devices a recipe can run on, and what each checker has against the others. */
export const recipeFitSchema = z.object({
  recipeId: z.string().max(200),
  matching: z.object(someDevices),
  refused: z
    .array(z.object({ line: z.string().max(2_000).describe('What these devices are, or lack.'), ...someDevices }))
    .max(32)
    .describe('One entry per refusal; a device that several checkers refuse is in several.'),
});
export type RecipeFit = z.infer<typeof recipeFitSchema>;

/** One task as the plan foresees it. */
export const planTaskSchema = z.object({
  taskId: idSchema.nullable().describe('Null in a dry run.'),
  kind: taskKindSchema,
  recipeId: z.string().max(200),
  executedEp: z.string().max(100).nullable().describe('For benchmarks: the execution provider the session will use.'),
  deviceModel: z.string().max(300).nullable(),
  deviceNames: z.array(z.string().max(200)).describe(`The first ${MAX_PLAN_DEVICES} of the devices that could take it now.`),
  deviceCount: z.int().min(0).describe('All of them.'),
  state: taskStateSchema,
  reason: z.string().max(2_000).describe('Why it ended at once, or what it waits for. Empty when there is nothing to say.'),
  estimate: taskEstimateSchema
    .extend({ position: z.int().min(1).nullable().describe('Place in its queue, 1 = next; null while it waits for another task.') })
    .nullable()
    .describe('When it is expected to run, behind the tasks before it. Null when it will not run.'),
});

/** What a submit will do: its tasks, what is odd about its recipes, and when it may be done. */
export const planSchema = z.object({
  tasks: z.array(planTaskSchema).describe(`The first ${MAX_PLAN_TASKS}.`),
  taskCount: z.int().min(0).describe('All of them.'),
  recipes: z
    .array(z.object({ recipeId: z.string().max(200), tasks: z.int().min(0) }))
    .describe('How many tasks each recipe has; a shared conversion counts for the first.'),
  warnings: z.array(z.object({ recipeId: z.string().max(200), path: z.string().max(1_000), message: z.string().max(2_000) })),
  lint: z.array(z.object({ recipeId: z.string().max(200), ...findingSchema.shape })),
  cachedConversions: z.int().min(0).describe('Conversions that are stored already and will not run.'),
  fits: z.array(recipeFitSchema).max(MAX_PLAN_FITS).describe(`Devices of the first ${MAX_PLAN_FITS} recipes.`),
  etaMs: z.number().min(0).nullable().describe('Estimated milliseconds until the job ends; null when unknown.'),
  etaUnknown: z.string().max(2_000).describe('Why it is unknown. Empty when it is known.'),
});
export type Plan = z.infer<typeof planSchema>;

/** The job a submit made or found, and its plan. */
export const submitAnswerSchema = z.object({
  jobId: idSchema.nullable().describe('Null for a dry run.'),
  created: z.boolean().describe('False when the idempotency key repeats an earlier request, and for a dry run.'),
  plan: planSchema,
});
export type SubmitAnswer = z.infer<typeof submitAnswerSchema>;

/** Chosen by the client, once per intent: a repeated request with the same key and body answers the first job. */
export const idempotencyKeySchema = z.string().regex(/^[A-Za-z0-9._:-]{8,128}$/, 'not 8 to 128 letters, digits, ".", "_", ":" or "-"');
