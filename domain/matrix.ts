import { z } from 'zod';
import { digestOf, type Sha256 } from './json.ts';
import { epNameSchema, tierSchema } from './names.ts';
import { estimateSchema, evaluatedMetricSchema, qualitySchema } from './report.ts';

/** The matrix: every result folded into cells, recipe x device. One document that every renderer (JSON, Markdown, HTML, terminal) reads. */

const text = z.string().max(2_000);

/**
 * What makes two results the same cell. Recipe digest, source digest, environmentId and runtime are provenance of each result, not part of the key:
 * a change there is shown and blocks silent comparison.
 */
export const cellKeySchema = z.strictObject({
  schemaVersion: z.literal(1),
  modelId: z.string().max(200),
  recipeId: z.string().max(200),
  deviceModel: z.string().max(300),
  requestedEp: epNameSchema,
  executedEp: epNameSchema,
  condition: z.string().max(120),
  tier: tierSchema,
  /** `input_ids[1,128] ...`, or empty when nothing was bound (the task ended before it measured). */
  inputShape: z.string().max(1_000),
  synthetic: z.boolean(),
  emulated: z.boolean(),
});
export type CellKey = z.infer<typeof cellKeySchema>;

export function cellId(key: CellKey, sha256: Sha256): string {
  return digestOf(key, sha256).slice(0, 16);
}

/**
 * A cell has exactly one state.
 *
 * `ok` measured and nothing wrong; `regressed`/`improved` against its baseline; `noisy` the interval stayed wide; `insufficient` too few launches for an
 * interval; `fell-back` a heavy node ran off the asked EP; `quality` outputs differ from the Reference by more than the bound; `failed` recipe's or
 * model's fault; `exception` the farm's or device's fault, retries spent; `unsupported` nobody can convert or run it; `running`, `waiting`; `missing`
 * asked for by no one yet.
 */
export const cellStateSchema = z.enum([
  'ok',
  'regressed',
  'improved',
  'noisy',
  'insufficient',
  'fell-back',
  'quality',
  'failed',
  'exception',
  'unsupported',
  'running',
  'waiting',
  'missing',
]);
export type CellState = z.infer<typeof cellStateSchema>;

/** Facts beside the state; several may hold. Cells with `substituted`, `emulated`, `synthetic` or `imported` are never ranked with, or baselined against, others. */
export const badgeSchema = z.enum([
  'partial',
  'stale',
  'substituted',
  'synthetic',
  'emulated',
  'imported',
  'acknowledged',
  'local-data',
  'disturbed',
  'drift',
]);
export type Badge = z.infer<typeof badgeSchema>;

export const cellSchema = z.strictObject({
  id: z.string(),
  key: cellKeySchema,
  state: cellStateSchema,
  badges: z.array(badgeSchema),
  /** Why it is not a number, or what is wrong with the number. Empty when ok. */
  reason: text,
  /** Registry code behind a failed, exception or unsupported state. */
  code: z.string().nullable(),
  p50Ms: estimateSchema.nullable(),
  throughputPerSecond: z.number().nullable(),
  launches: z.int().min(0),
  samplesPerLaunch: z.int().min(0),
  /** Share of node time on the executed EP, 0 to 1. */
  epTimeShare: z.number().nullable(),
  quality: qualitySchema.nullable(),
  /** `latency-avg` and the like, as Olive defines them. */
  olive: z.record(z.string(), z.strictObject({ value: z.number(), unit: z.string() })),
  /** The recipe's own metrics with their goals; empty when nothing was measured, and from coordinators of version 1. */
  evaluator: z.array(evaluatedMetricSchema).default([]),
  /** Against the previous result of the same unit, when both may be compared. */
  ratioToPrevious: estimateSchema.nullable(),
  provenance: z.strictObject({
    jobId: z.string(),
    taskId: z.string(),
    attempt: z.int().nullable(),
    agentId: z.string().nullable(),
    deviceName: z.string().nullable(),
    sku: z.string().nullable(),
    recipeDigest: z.string(),
    conversionKey: z.string().nullable(),
    environmentId: z.string().nullable(),
    ortVersion: z.string().nullable(),
    measuredAt: z.number().nullable(),
  }),
  /** A command that measures this cell again. */
  reproduce: text,
  /** Units (stable device names) whose results this cell holds. */
  units: z.array(z.string()),
  /** Where there are several: how each of them is, and the task that says so. */
  unitStates: z
    .array(z.strictObject({ unit: z.string().nullable(), state: cellStateSchema, badges: z.array(badgeSchema), taskId: z.string() }))
    .default([]),
});
export type Cell = z.infer<typeof cellSchema>;

/** Figures somebody else published for a recipe: a column of its own, never a ratio when their hardware is unknown. */
export const publishedSchema = z.strictObject({
  hardware: text.nullable(),
  source: text.nullable(),
  latencyMs: z.strictObject({
    avg: z.number().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    p90: z.number().nullable(),
  }),
  similarity: z.number().nullable(),
});
export type Published = z.infer<typeof publishedSchema>;

export const matrixRowSchema = z.strictObject({
  modelId: z.string(),
  recipeId: z.string(),
  recipeDigest: z.string(),
  title: text,
  /** `npu VitisAIExecutionProvider`: what the recipe asks for. */
  target: text,
  /** Of the recipe, and those that its newest conversion found with this model. */
  lintFindings: z.int().min(0),
  published: publishedSchema.nullable(),
});

export const matrixColumnSchema = z.strictObject({
  /** deviceModel + executed EP + condition + tier: one column each. */
  id: z.string(),
  deviceModel: text,
  deviceClass: z.string(),
  executedEp: z.string(),
  condition: z.string(),
  tier: z.string(),
  emulated: z.boolean(),
  units: z.array(z.string()),
});

export const matrixSchema = z.strictObject({
  /** 2 since cells carry `evaluator`; readers take both. */
  schemaVersion: z.union([z.literal(1), z.literal(2)]),
  generatedAt: z.number(),
  rows: z.array(matrixRowSchema),
  columns: z.array(matrixColumnSchema),
  /** `cells[row][column]`; null where nothing was asked for. */
  cells: z.array(z.array(cellSchema.nullable())),
});
export type MatrixRow = z.infer<typeof matrixRowSchema>;
export type MatrixColumn = z.infer<typeof matrixColumnSchema>;
export type Matrix = z.infer<typeof matrixSchema>;
