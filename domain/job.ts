import { z } from 'zod';
import { dataEntrySchema, filesSchema, sourceOriginSchema } from './manifest.ts';
import { deviceNameSchema, idSchema, prioritySchema, tierSchema } from './names.ts';
import { labelsSchema, type Selector, selectorSchema } from './selector/condition.ts';
import { recipeRefSchema } from './task.ts';

/** What a user submits, after the REST layer has looked up recipes and uploads. */

/** Device kinds that an EP may be moved to: an NPU cannot stand in for anything. */
export const substituteDeviceSchema = z.enum(['cpu', 'gpu']);

/** Which devices a recipe runs on: one unit of each matching device model, every matching device, any one, or named units. */
export const coverageSchema = z.union([
  z.enum(['each-device-model', 'each-device', 'any']),
  z.strictObject({ units: z.array(deviceNameSchema).min(1).max(256) }),
]);
export type Coverage = z.infer<typeof coverageSchema>;

export const jobSourceSchema = z.discriminatedUnion('kind', [
  /** A hub model that a resolve task pins. */
  z.strictObject({ kind: z.literal('hub'), modelId: z.string().min(1).max(200), revision: z.string().max(100).nullable() }),
  /** Files that are in the artifact store already. */
  z.strictObject({ kind: z.literal('uploaded'), files: filesSchema, origin: sourceOriginSchema }),
]);
export type JobSource = z.infer<typeof jobSourceSchema>;

/** Bounds of one job: what a farm works on for days, and what one command of a store still takes at once. */
export const MAX_JOB_TASKS = 10_000;
export const MAX_JOB_RECIPES = 1_024;
export const MAX_SWEEP_MODELS = 64;
export const MAX_SWEEP_SELECTORS = 64;

/** How long a job may follow the fleet. */
export const MAX_FOLLOW_MS = 366 * 86_400_000;

/** The longest a job may give itself. */
export const MAX_DEADLINE_MS = 366 * 86_400_000;

/** Who stops attempts when the deadline of their job is over. */
export const DEADLINE_NAME = 'deadline';

const jobModelSchema = z.strictObject({ source: jobSourceSchema, synthetic: z.boolean() });
export type JobModel = z.infer<typeof jobModelSchema>;

/**
 * What a sweep has in the place of one model and one selector: every recipe runs with every model on the devices of every selector. Changed settings
 * are recipes of their own.
 */
const sweepSchema = z.strictObject({
  /** The first is the job's `source`. */
  models: z.array(jobModelSchema).min(1).max(MAX_SWEEP_MODELS),
  /** Each in addition to `where`; none stands for all devices. */
  selectors: z.array(selectorSchema).max(MAX_SWEEP_SELECTORS),
});

/** Why a job exists that nobody wrote down as it is. */
const causeSchema = z.strictObject({
  kind: z.enum(['rerun', 'suite', 'environment']),
  /** For people: `environment of lab-17/npu0 changed`. */
  reason: z.string().max(500),
  /** Benchmarks that are run again. */
  rerunOf: z.array(idSchema).max(MAX_JOB_TASKS).exactOptional(),
});

export const jobSpecSchema = z.strictObject({
  schemaVersion: z.literal(1),
  recipes: z.array(recipeRefSchema).min(1).max(MAX_JOB_RECIPES),
  source: jobSourceSchema,
  /** Data configs replaced by uploaded rows; paths are in `dataFiles`. */
  data: z.record(z.string().regex(/^[A-Za-z0-9_]{1,100}$/), dataEntrySchema),
  dataFiles: filesSchema,
  /** Weights are not the model's own. */
  synthetic: z.boolean(),
  coverage: coverageSchema,
  /** What a device must have beside what the recipe needs. A record of labels in documents from before there were selectors. */
  where: z.union([selectorSchema, labelsSchema]),
  /** `cpu`: run the benchmark session on the CPU EP whatever the recipe asks for. */
  substituteEp: z.enum(['cpu']).nullable(),
  /** Run on this kind of device with the recipe's own EP; absent: on the recipe's. */
  substituteDevice: substituteDeviceSchema.exactOptional(),
  tier: tierSchema,
  launches: z.int().min(1).max(64).nullable(),
  priority: prioritySchema,
  task: z.string().max(60).nullable(),
  /** Quality bound in place of the catalogue's and the default. */
  minCosine: z.number().min(-1).max(1).exactOptional(),
  strict: z.boolean(),
  /** Queue the job although no known device matches. */
  waitForDevice: z.boolean(),
  /** The job takes in devices that appear within this time of its submit. Absent: the fleet as it was then. */
  followForMs: z.int().min(1).max(MAX_FOLLOW_MS).exactOptional(),
  /** What has not ended this long after the submit ends as `deadline-exceeded`. Absent: it waits for ever. */
  deadlineMs: z.int().min(1_000).max(MAX_DEADLINE_MS).exactOptional(),
  sweep: sweepSchema.exactOptional(),
  cause: causeSchema.exactOptional(),
});
export type JobSpec = z.infer<typeof jobSpecSchema>;

/** Derived from a job's tasks, never stored as truth: `running` until every task has ended; then the worst ending. */
export const jobStateSchema = z.enum(['running', 'completed', 'failed', 'exception', 'cancelled']);
export type JobState = z.infer<typeof jobStateSchema>;

/** Every model of a job. */
export function modelsOf({ source, synthetic, sweep }: JobSpec): readonly JobModel[] {
  return sweep?.models ?? [{ source, synthetic }];
}

/** The selectors of a sweep, each in addition to `where`; one that asks nothing for any other job. */
export function selectorsOf({ sweep }: JobSpec): readonly Selector[] {
  return sweep === undefined || sweep.selectors.length === 0 ? [[]] : sweep.selectors;
}

/** When a job submitted then ends following the fleet, milliseconds since 1970; null when it does not follow. */
export function followEnd({ spec, submittedAt }: { readonly spec: JobSpec; readonly submittedAt: number }): number | null {
  return spec.followForMs === undefined ? null : submittedAt + spec.followForMs;
}

/** When the time of a job submitted then is over, milliseconds since 1970; null when it has as long as it takes. */
export function deadlineEnd({ spec, submittedAt }: { readonly spec: JobSpec; readonly submittedAt: number }): number | null {
  return spec.deadlineMs === undefined ? null : submittedAt + spec.deadlineMs;
}
