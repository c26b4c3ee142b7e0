import { z } from 'zod';
import { filesSchema } from './manifest.ts';
import { epNameSchema, sha256Schema, tierSchema } from './names.ts';

/** Results as agents send them and the store keeps them. Every document carries `schemaVersion`; readers refuse versions they do not know. */

const text = z.string().max(2_000);
const milliseconds = z.number().min(0);

/** A point estimate with its two-sided 95 % interval; bounds are null when there are too few launches to give one. */
export const estimateSchema = z.strictObject({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() });
export type Estimate = z.infer<typeof estimateSchema>;

/** One fresh process that measured. All times in milliseconds. */
export const launchReportSchema = z.strictObject({
  index: z.int().min(0),
  createMs: milliseconds,
  firstInferenceMs: milliseconds,
  warmup: z.strictObject({ runs: z.int().min(0), durationMs: milliseconds, stable: z.boolean() }),
  sampleCount: z.int().min(1),
  /** Raw samples: little-endian float64 milliseconds, one a run, in order. */
  samplesPath: z.string().max(400),
  p50Ms: milliseconds,
  meanMs: milliseconds,
  minMs: milliseconds,
  maxMs: milliseconds,
  p90Ms: milliseconds,
  /** Only with 662 samples or more (MLPerf's early-stopping bound for p99 at 99 % confidence). */
  p99Ms: milliseconds.nullable(),
  rssPeakBytes: z.number().min(0),
});
export type LaunchReport = z.infer<typeof launchReportSchema>;

/** Where nodes really ran, from a profiling launch of its own. */
export const placementSchema = z.strictObject({
  /** EP -> node executions per inference and share of node time, 0 to 1. */
  byEp: z.record(z.string().max(60), z.strictObject({ nodes: z.int().min(0), timeShare: z.number().min(0).max(1) })),
  /** MatMul/Gemm/Conv/Attention-class nodes, counted on the graph before partitioning. */
  heavyNodes: z.int().min(0),
  heavyNodesElsewhere: z.int().min(0),
  /** A heavy node ran off the executed EP. */
  fellBack: z.boolean(),
  /** Only other nodes ran elsewhere. */
  partial: z.boolean(),
  /** At most 50 `name (opType) on EP`. */
  elsewhere: z.array(text).max(50),
});
export type Placement = z.infer<typeof placementSchema>;

const measuredQualitySchema = z.strictObject({
  state: z.literal('measured'),
  rows: z.int().min(1),
  /** Cosine of output 0 per row (flattened): mean and minimum over rows. */
  cosineMean: z.number(),
  cosineMin: z.number(),
  /** Cosine of the attention-masked mean pool over the sequence, mean over rows; null for outputs without a sequence axis. */
  cosinePooled: z.number().nullable(),
  sqnrDb: z.number().nullable(),
  maxAbsDifference: z.number(),
  /** For [batch, labels] outputs. */
  logit: z
    .strictObject({
      meanAbs: z.number(),
      maxAbs: z.number(),
      top1Agreement: z.number().min(0).max(1).nullable(),
      /** For one score a row, whose cosine says nothing of their order: see `scoreAgreement`. On the scale of a cosine; the bound applies to it. */
      agreement: z.number().max(1).nullable(),
    })
    .nullable(),
  bound: z.strictObject({ metric: z.literal('cosine'), min: z.number(), isDefault: z.boolean() }),
  passed: z.boolean(),
});

/** Outputs against the Reference, by position. */
export const qualitySchema = z.discriminatedUnion('state', [
  measuredQualitySchema,
  z.strictObject({ state: z.literal('not-measured'), why: text }),
]);
export type Quality = z.infer<typeof qualitySchema>;

/** What was done to a recipe's session so that it could run here. */
export const substitutionSchema = z.strictObject({ kind: z.enum(['ep', 'device']), requested: text, executed: text });

const conditionSchema = z.strictObject({ powerSource: z.enum(['ac', 'battery', 'unknown']), powerMode: text });

/** Metrics exactly as Olive defines them, beside ours: `latency-avg` -> value in Olive's unit. */
export const oliveMetricsSchema = z.record(z.string().max(60), z.strictObject({ value: z.number(), unit: z.enum(['ms', 'inferences/s']) }));

export const benchmarkReportSchema = z.strictObject({
  schemaVersion: z.literal(1),
  requestedEp: epNameSchema,
  executedEp: epNameSchema,
  substitution: substitutionSchema.nullable(),
  tier: tierSchema,
  /** Input name -> bound shape. */
  inputShapes: z.record(z.string().max(200), z.array(z.int().min(0)).max(16)),
  environmentId: sha256Schema,
  runtime: z.strictObject({ adapter: text, ortVersion: text, ortLibraryDigest: sha256Schema, node: text }),
  condition: conditionSchema,
  /** Session settings as sent to the runtime. */
  session: z.record(z.string().max(120), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  launches: z.array(launchReportSchema).min(1).max(64),
  p50Ms: estimateSchema,
  /** `noisy`: the interval did not reach 2 % within the budget; `insufficient`: too few launches for an interval. */
  verdict: z.enum(['ok', 'noisy', 'insufficient']),
  throughputPerSecond: z.number().min(0),
  placement: placementSchema,
  quality: qualitySchema,
  olive: oliveMetricsSchema,
  /** Raw samples and profiles in the artifact store. */
  artifacts: filesSchema,
});
export type BenchmarkReport = z.infer<typeof benchmarkReportSchema>;

export const findingSchema = z.strictObject({ rule: z.string().max(100), path: text, message: text });

/** Something a pass looked at and left as it was. */
const leftAloneSchema = z.strictObject({ what: text, count: z.int().min(1), why: text });
export type LeftAlone = z.infer<typeof leftAloneSchema>;

/** One pass of a conversion as it went. What may be absent is absent in version 1. */
const convertedPassSchema = z.strictObject({
  name: text,
  type: text,
  durationMs: milliseconds,
  /** Nodes of the main graph; 0 before an export. */
  nodesBefore: z.int(),
  nodesAfter: z.int(),
  /** Bytes of weights and constants; 0 before an export. */
  bytesBefore: z.number().min(0).exactOptional(),
  bytesAfter: z.number().min(0).exactOptional(),
  /** Operator type -> how many more there are afterwards, negative for fewer; the 100 largest changes. */
  operators: z.record(z.string().max(200), z.int()).exactOptional(),
  counts: z.record(z.string().max(100), z.number()),
  left: z.array(leftAloneSchema).max(50).exactOptional(),
});
export type ConvertedPass = z.infer<typeof convertedPassSchema>;

export const conversionReportSchema = z.strictObject({
  /** 2 since passes tell bytes, operators and what they left alone; readers take both. */
  schemaVersion: z.union([z.literal(1), z.literal(2)]),
  engineVersion: text,
  ortLibraryDigest: sha256Schema,
  durationMs: milliseconds,
  rssPeakBytes: z.number().min(0),
  sourceBytes: z.number().min(0),
  resultBytes: z.number().min(0),
  passes: z.array(convertedPassSchema),
  findings: z.array(findingSchema).max(200),
  /** Profile digest of the machine that produced it: calibration is not bit-equal across CPU kinds. */
  producer: z.strictObject({ agentId: text, profileDigest: sha256Schema }),
});
export type ConversionReport = z.infer<typeof conversionReportSchema>;
