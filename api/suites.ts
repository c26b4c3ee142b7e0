import { z } from 'zod';
import { coverageSchema } from '../domain/job.ts';
import { deviceNameSchema, nameSchema, prioritySchema, tierSchema } from '../domain/names.ts';
import { MAX_CONDITIONS } from '../domain/selector/condition.ts';
import { conditionTextSchema, submitAnswerSchema } from './submit.ts';

const pinViewSchema = z.object({
  units: z.array(z.string()).nullable().describe('Devices by name; null: every device that fits.'),
  where: z.array(z.string()).describe('What a device must have beside what the recipes need.'),
  by: z.string(),
  since: z.number().describe('Milliseconds since 1970-01-01 UTC.'),
});

/** A named list of submits. */
export const suiteViewSchema = z.object({
  name: nameSchema,
  title: z.string(),
  summary: z.string(),
  submits: z.array(
    z.object({
      recipes: z.array(z.string()).describe('Ids of the catalogue.'),
      model: z.object({ modelId: z.string(), revision: z.string().nullable() }).nullable().describe('Null: the one that the recipes name.'),
      on: coverageSchema,
      where: z.array(z.string()),
      substituteEp: z.string().nullable(),
      substituteDevice: z.string().nullable(),
      tier: tierSchema,
      launches: z.int().nullable(),
      task: z.string().nullable(),
      set: z.array(z.string()),
      lintFindings: z.int().min(0).describe('Findings on its recipes.'),
    }),
  ),
  pin: pinViewSchema.nullable().describe('It runs again where the environment of a device changes; null: when somebody asks.'),
});
export type SuiteView = z.infer<typeof suiteViewSchema>;

/** The suites of the catalogue. */
export const suiteListSchema = z.object({ suites: z.array(suiteViewSchema).describe('By name.') });
export type SuiteList = z.infer<typeof suiteListSchema>;

const where = z.array(conditionTextSchema).max(MAX_CONDITIONS);

/** How a suite is to run now. */
export const suiteRunRequestSchema = z.strictObject({
  on: coverageSchema.exactOptional().describe('Which devices, in place of what the suite says.'),
  where: where.exactOptional().describe('What a device must have, in addition to what the suite says.'),
  priority: prioritySchema.exactOptional().describe('Default interactive.'),
  dryRun: z.boolean().exactOptional().describe('Answer with the plans and store nothing. Default false.'),
});
export type SuiteRunRequest = z.infer<typeof suiteRunRequestSchema>;

/** The jobs of a run. */
export const suiteRunAnswerSchema = z.object({
  jobs: z.array(submitAnswerSchema).describe('One per submit of the suite, and per group of named devices.'),
  skipped: z.array(z.string()).describe('Recipes that no device fits.'),
});
export type SuiteRunAnswer = z.infer<typeof suiteRunAnswerSchema>;

/** On which devices a suite is to run again when their environment changes. */
export const pinSuiteRequestSchema = z.strictObject({
  units: z.array(deviceNameSchema).min(1).max(256).exactOptional().describe('Default: every device that fits.'),
  where: where.exactOptional().describe('What a device must have beside what the recipes need.'),
});
export type PinSuiteRequest = z.infer<typeof pinSuiteRequestSchema>;
