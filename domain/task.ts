import { z } from 'zod';
import type { ErrorReport } from './errors.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { dataEntrySchema, modelArtifactSchema, referenceArtifactSchema, sourceManifestSchema, sourceOriginSchema } from './manifest.ts';
import { deviceNameSchema, epNameSchema, idSchema, nameSchema, sha256Schema, tierSchema } from './names.ts';
import { benchmarkReportSchema, conversionReportSchema, substitutionSchema } from './report.ts';
import { STAGES, type Stage } from './stages.ts';

/** What a task is to do and what came of it: the documents that travel inside assignments and completions. */

/** A recipe as text with its catalogue path or `adhoc:<digest 12>`; agents parse it again rather than trust a parsed form. */
export const recipeRefSchema = z.strictObject({
  recipeId: z.string().min(1).max(200),
  digest: sha256Schema,
  text: z.string().max(1_048_576),
});
export type RecipeRef = z.infer<typeof recipeRefSchema>;

/** Pins a hub model and the selected data rows, or fetches the rows for a model that was imported. Needs capability `hub`. */
export const resolveSpecSchema = z.strictObject({
  kind: z.literal('resolve'),
  modelId: z.string().min(1).max(200),
  revision: z.string().max(100).nullable(),
  recipe: recipeRefSchema,
  /** Rows the submitter already uploaded, by data_config name, with the manifest that holds them. */
  localData: z.record(z.string().max(100), dataEntrySchema),
  localFiles: sourceManifestSchema.shape.files,
  /** Of an imported model, whose commit `revision` is when somebody knows it: no agent reads these, only rows are fetched. */
  modelFiles: sourceManifestSchema.shape.files.exactOptional(),
});

/** Runs the host passes of a recipe. */
export const convertSpecSchema = z.strictObject({
  kind: z.literal('convert'),
  conversionKey: sha256Schema,
  recipe: recipeRefSchema,
  source: sourceManifestSchema,
  /** Replaces the recipe's task, for example `text-classification`. */
  task: z.string().max(60).nullable(),
  /** End as `failed/lint` on a finding that needs the model. */
  strict: z.boolean(),
  /** The toolchain that takes part, by its id; absent: none does. */
  toolchain: nameSchema.exactOptional(),
});

/** Measures one converted model on one device. */
export const benchmarkSpecSchema = z.strictObject({
  kind: z.literal('benchmark'),
  recipe: recipeRefSchema,
  modelId: z.string().min(1).max(200),
  origin: sourceOriginSchema,
  synthetic: z.boolean(),
  requestedEp: epNameSchema,
  executedEp: epNameSchema,
  substitution: substitutionSchema.nullable(),
  tier: tierSchema,
  /** Null: the tier's own number. */
  launches: z.int().min(1).max(64).nullable(),
  task: z.string().max(60).nullable(),
  qualityBound: z.strictObject({
    metric: z.literal('cosine'),
    min: z.number().min(-1).max(1),
    isDefault: z.boolean(),
    /** The submitter gave it. */
    asked: z.literal(true).exactOptional(),
  }),
  /** Data configs replaced by local files: shown as `data: local`. */
  localData: z.array(z.string().max(100)),
  /** What was read of them in place of the recipe's columns, as `--data NAME=FILE:` takes it. */
  localColumns: z.record(z.string().max(100), z.string().max(4_000)).exactOptional(),
  conversionKey: sha256Schema.nullable(),
});

export const taskSpecSchema = z.discriminatedUnion('kind', [resolveSpecSchema, convertSpecSchema, benchmarkSpecSchema]);
export type ResolveSpec = z.infer<typeof resolveSpecSchema>;
export type ConvertSpec = z.infer<typeof convertSpecSchema>;
export type BenchmarkSpec = z.infer<typeof benchmarkSpecSchema>;
export type TaskSpec = z.infer<typeof taskSpecSchema>;

export const resolveResultSchema = z.strictObject({ kind: z.literal('resolve'), source: sourceManifestSchema, origin: sourceOriginSchema });
export const convertResultSchema = z.strictObject({
  kind: z.literal('convert'),
  artifact: modelArtifactSchema,
  /** Null when the recipe names no evaluation data, or none of its rows were there. */
  reference: referenceArtifactSchema.nullable(),
  report: conversionReportSchema,
});
export const benchmarkResultSchema = z.strictObject({ kind: z.literal('benchmark'), report: benchmarkReportSchema });

export const taskResultSchema = z.discriminatedUnion('kind', [resolveResultSchema, convertResultSchema, benchmarkResultSchema]);
export type ResolveResult = z.infer<typeof resolveResultSchema>;
export type ConvertResult = z.infer<typeof convertResultSchema>;
export type BenchmarkResult = z.infer<typeof benchmarkResultSchema>;
export type TaskResult = z.infer<typeof taskResultSchema>;

export const errorReportSchema: z.ZodType<ErrorReport> = z.strictObject({
  code: z
    .string()
    .refine(
      (code): code is ErrorCode => Object.hasOwn(ERRORS, code),
      'not an error code of this version',
    ) as unknown as z.ZodType<ErrorCode>,
  message: z.string().max(4_000),
  advice: z.string().max(2_000),
  fault: z.enum(['input', 'recipe', 'device', 'infrastructure', 'grove']),
  retryable: z.boolean(),
  problems: z
    .array(z.strictObject({ path: z.string().max(1_000), message: z.string().max(2_000) }))
    .max(200)
    .exactOptional(),
});

/** How an attempt ended, as the agent reports it. `cancelled` answers a cancel message. */
export const attemptOutcomeSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('completed'), result: taskResultSchema }),
  z.strictObject({ state: z.literal('failed'), error: errorReportSchema }),
  z.strictObject({ state: z.literal('exception'), error: errorReportSchema }),
  z.strictObject({ state: z.literal('cancelled') }),
]);
export type AttemptOutcome = z.infer<typeof attemptOutcomeSchema>;

/** What identifies one lease; every message about it carries all three. */
export const leaseRefSchema = z.strictObject({ taskId: idSchema, attempt: z.int().min(1), token: z.string().regex(/^[0-9a-f]{32}$/) });
export type LeaseRef = z.infer<typeof leaseRefSchema>;

/** One attempt handed to an agent. Durations, not instants: clocks differ. */
export const assignmentSchema = z.strictObject({
  lease: leaseRefSchema,
  leaseMs: z.int().min(1),
  acceptMs: z.int().min(1),
  deviceName: deviceNameSchema,
  spec: taskSpecSchema,
  /** For benchmarks: what the conversion produced. */
  conversion: z.strictObject({ artifact: modelArtifactSchema, reference: referenceArtifactSchema.nullable() }).nullable(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

export { STAGES, type Stage };

const stageNames = new Set<string>(Object.values(STAGES).flat());
export const stageSchema = z.string().refine((name): name is Stage => stageNames.has(name), 'not a stage of this protocol');
