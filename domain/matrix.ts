import { z } from 'zod';
import { badgeSchema, cellStateSchema } from './cell-state.ts';
import { cellCurationSchema } from './curation.ts';
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

/** What may differ between two results of one cell. A difference is shown; results that differ in any of these are never judged against each other. */
export const provenanceChangeSchema = z.enum(['recipe', 'conversion', 'environment', 'runtime']);
export type ProvenanceChange = z.infer<typeof provenanceChangeSchema>;

/** A unit's latest number against an earlier one. */
export const comparisonSchema = z.strictObject({
  against: z.enum(['baseline', 'previous']),
  /** The earlier result. */
  taskId: z.string(),
  measuredAt: z.number().nullable(),
  p50Ms: estimateSchema,
  /** Latest over earlier: 1.08 is 8 % slower. */
  ratio: estimateSchema,
  /** Of the ratio's logarithm; null where the interval has no bounds. */
  error: z.strictObject({ standardError: z.number().min(0), degreesOfFreedom: z.number().min(0) }).nullable(),
  /** Empty: both were measured on the same bytes in the same environment. */
  changed: z.array(provenanceChangeSchema),
  /** Two-sided, of "equally fast"; null unless comparable. */
  pValue: z.number().min(0).max(1).nullable(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

const momentSchema = z.strictObject({ taskId: z.string(), at: z.number() });

/** What came before: of the unit that names the cell's state. */
const cellHistorySchema = z.strictObject({
  /** Ended benchmarks of the cell, with a number or without. */
  results: z.int().min(0),
  /** The first that ended. */
  firstAt: z.number().nullable(),
  /** The newest with a number that nothing was wrong with. */
  lastGood: momentSchema.nullable(),
  /** The first after it that was bad: failed, fell back, wrong outputs. Null while all is well. */
  firstBad: momentSchema.nullable(),
  /** Heavy nodes off the execution provider in the result before and in the latest; null when they are as many. */
  fallback: z.strictObject({ before: z.int().min(0), now: z.int().min(0) }).nullable(),
});
export type CellHistory = z.infer<typeof cellHistorySchema>;

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
  /** What its state is judged by: the pinned baseline, else the previous result. Null without either, and from coordinators before version 3. */
  comparison: comparisonSchema.nullable().default(null),
  history: cellHistorySchema.default({ results: 0, firstAt: null, lastGood: null, firstBad: null, fallback: null }),
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
  /** What people have said about it; null when nobody has. */
  curation: cellCurationSchema.nullable().default(null),
  /** A command that measures this cell again. */
  reproduce: text,
  /** Units (stable device names) whose results this cell holds. */
  units: z.array(z.string()),
  /** Where there are several: how each of them is, and the task that says so. */
  unitStates: z
    .array(
      z.strictObject({
        unit: z.string().nullable(),
        state: cellStateSchema,
        badges: z.array(badgeSchema),
        taskId: z.string(),
        /** Null unless measured. */
        p50Ms: estimateSchema.nullable().default(null),
        comparison: comparisonSchema.nullable().default(null),
      }),
    )
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
  /** 2 since cells carry `evaluator`, 3 since they carry curation, comparison and history; readers take all. */
  schemaVersion: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  generatedAt: z.number(),
  /** The comparisons of all units: how many were tested together, and from which p-value on a change counts. */
  significance: z
    .strictObject({ tested: z.int().min(0), level: z.number(), threshold: z.number() })
    .default({ tested: 0, level: 0.05, threshold: 0 }),
  rows: z.array(matrixRowSchema),
  columns: z.array(matrixColumnSchema),
  /** `cells[row][column]`; null where nothing was asked for. */
  cells: z.array(z.array(cellSchema.nullable())),
});
export type MatrixRow = z.infer<typeof matrixRowSchema>;
export type MatrixColumn = z.infer<typeof matrixColumnSchema>;
export type Matrix = z.infer<typeof matrixSchema>;
