import { z } from 'zod';
import { dataEntrySchema, filesSchema, sourceOriginSchema } from './manifest.ts';
import { deviceNameSchema, prioritySchema, tierSchema } from './names.ts';
import { labelsSchema, selectorSchema } from './selector/condition.ts';
import { recipeRefSchema } from './task.ts';

/** What a user submits, after the REST layer has looked up recipes and uploads. */

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

export const jobSpecSchema = z.strictObject({
  schemaVersion: z.literal(1),
  recipes: z.array(recipeRefSchema).min(1).max(256),
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
  tier: tierSchema,
  launches: z.int().min(1).max(64).nullable(),
  priority: prioritySchema,
  task: z.string().max(60).nullable(),
  /** Quality bound in place of the catalogue's and the default. */
  minCosine: z.number().min(-1).max(1).exactOptional(),
  strict: z.boolean(),
  /** Queue the job although no known device matches. */
  waitForDevice: z.boolean(),
});
export type JobSpec = z.infer<typeof jobSpecSchema>;

/** Derived from a job's tasks, never stored as truth: `running` until every task has ended; then the worst ending. */
export const jobStateSchema = z.enum(['running', 'completed', 'failed', 'exception', 'cancelled']);
export type JobState = z.infer<typeof jobStateSchema>;
