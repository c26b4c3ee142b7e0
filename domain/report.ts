import { z } from 'zod';
import { deviceStateSchema } from './device.ts';
import { gateFindingSchema } from './gate.ts';
import { filesSchema } from './manifest.ts';
import { epNameSchema, sha256Schema, tierSchema } from './names.ts';

/** Results as agents send them and the store keeps them. Every document carries `schemaVersion`; readers refuse versions they do not know. */

/** Characters of a text in a report. */
const MAX_TEXT_CHARS = 2_000;

const text = z.string().max(MAX_TEXT_CHARS);
const milliseconds = z.number().min(0);

/** Cuts words that come from outside to what a report holds: a result must not be lost to a long name or message. */
export function boundedText(words: string): string {
  return words.length <= MAX_TEXT_CHARS ? words : `${words.slice(0, MAX_TEXT_CHARS - 1)}…`;
}

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
  /** Median of a fixed native kernel right before the session was created and right after the window: how fast the machine was. Absent from older agents. */
  noise: z.strictObject({ beforeMs: milliseconds, afterMs: milliseconds }).exactOptional(),
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

const notMeasuredSchema = z.strictObject({ state: z.literal('not-measured'), why: text });
const share = z.number().min(0).max(1);

const similarityShape = {
  /** Cosine per row, flattened over the tokens that are not padding: mean and minimum over rows. */
  cosineMean: z.number(),
  cosineMin: z.number(),
  /** Cosine of the attention-masked mean pool over the sequence, mean over rows; null for outputs without a sequence axis. */
  cosinePooled: z.number().nullable(),
  sqnrDb: z.number().nullable(),
  maxAbsDifference: z.number(),
} as const;

/** How well scores order candidates by their relevance labels: means over queries. `engine/quality/rank-metrics.ts` has the definitions. */
export const rankingScoresSchema = z.strictObject({
  mrrAt10: share,
  ndcgAt10: share,
  map: share,
  /** Kendall's tau-b of scores and labels. */
  labelTau: z.number().min(-1).max(1),
});
export type RankingScores = z.infer<typeof rankingScoresSchema>;

const relevanceSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('measured'),
    /** Queries judged: those with a relevant and a non-relevant candidate. */
    queries: z.int().min(1),
    /** Left out: no order of their candidates is better than another. */
    withoutRelevant: z.int().min(0),
    withoutIrrelevant: z.int().min(0),
    model: rankingScoresSchema,
    /** The same of the Reference's scores. */
    reference: rankingScoresSchema,
  }),
  notMeasuredSchema,
]);

/** The order of each query's candidates by the model's scores, against the Reference's order and against relevance labels. */
export const rankingSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('measured'),
    /** Queries with two candidates or more. */
    queries: z.int().min(1),
    /** Their candidates. */
    candidates: z.int().min(2),
    /** Queries left out: with one candidate there is no order. */
    singleCandidate: z.int().min(0),
    /** Share of queries whose best candidate by the model is a best one by the Reference. */
    top1Agreement: share,
    /** Kendall's tau-b of model and Reference scores, mean over queries; null when the Reference tells no candidates apart. */
    referenceTau: z.number().min(-1).max(1).nullable(),
    relevance: relevanceSchema,
  }),
  notMeasuredSchema,
]);
export type Ranking = z.infer<typeof rankingSchema>;

/** Most outputs behind the first that a report lists. */
export const MAX_FURTHER_OUTPUTS = 64;

/** An output behind the first, compared like it; no bound applies to it. */
const furtherOutputSchema = z.strictObject({ name: text, ...similarityShape });

const measuredQualitySchema = z.strictObject({
  state: z.literal('measured'),
  rows: z.int().min(1),
  /** Rows of the Reference, where time ran out before all were compared. */
  ofRows: z.int().min(1).exactOptional(),
  /** Of output 0. */
  ...similarityShape,
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
  /** The outputs behind the first, by position. Absent in version 1. */
  furtherOutputs: z.array(furtherOutputSchema).max(MAX_FURTHER_OUTPUTS).exactOptional(),
  /** Outputs of the model behind those, which nobody compares. */
  furtherOutputsLeftOut: z.int().min(1).exactOptional(),
  /** Of models that score query-passage pairs. Absent in version 1 and for other models. */
  ranking: rankingSchema.exactOptional(),
});

/** Outputs against the Reference, by position. */
export const qualitySchema = z.discriminatedUnion('state', [measuredQualitySchema, notMeasuredSchema]);
export type Quality = z.infer<typeof qualitySchema>;

/** What was done to a recipe's session so that it could run here. */
export const substitutionSchema = z.strictObject({ kind: z.enum(['ep', 'device']), requested: text, executed: text });

const conditionSchema = z.strictObject({ powerSource: z.enum(['ac', 'battery', 'unknown']), powerMode: text });

/** The device while it was measured. */
const deviceStatesSchema = z.strictObject({
  before: deviceStateSchema,
  /** In order, evenly thinned out when there were more. */
  during: z.array(deviceStateSchema).max(64),
  after: deviceStateSchema,
  /** What gates found at any of these times, the first of each: the result counts, with this label. */
  warnings: z.array(gateFindingSchema).max(16),
});

/** The device's control recipe: a fixed model on the same provider, measured daily and after every change of the environment. */
const controlSchema = z.strictObject({
  /** Epoch milliseconds. */
  measuredAt: z.number().min(0),
  /** Of its latest run. */
  p50Ms: estimateSchema,
  /** Runs in this environment that count, the latest included. */
  runs: z.int().min(1),
  /** The latest run over the first that counts; null for the first. */
  drift: estimateSchema.nullable(),
  /** Between-launch variance of log medians, pooled over those runs. */
  pool: z.strictObject({ variance: z.number().min(0), degreesOfFreedom: z.number().min(0) }),
});
export type ControlReport = z.infer<typeof controlSchema>;

/** What the model sustains with several requests in flight: another metric than latency, measured in a launch of its own. */
export const concurrentThroughputSchema = z.strictObject({
  /** Requests in flight. */
  streams: z.int().min(1),
  /** Inferences (rows) per second. */
  perSecond: z.number().min(0),
  runs: z.int().min(1),
  durationMs: milliseconds,
});
export type ConcurrentThroughput = z.infer<typeof concurrentThroughputSchema>;

/** What EPContextBinaryGenerator had the execution provider compile on the device: the session of every launch loaded it. */
export const compiledModelSchema = z.strictObject({
  ep: epNameSchema,
  /** Of the provider, as the device's profile names it: the version that runs it again. */
  epVersion: text,
  /** As the provider wrote it into the model; empty when it did not. */
  sdkVersion: text,
  /** What it was compiled for, in the provider's words; empty when it did not say. */
  hardware: text,
  /** Compiled parts. */
  parts: z.int().min(1),
  embedded: z.boolean(),
  /** Of all its files. */
  sizeBytes: z.number().min(0),
  /** Creation of the session that compiled it. */
  durationMs: milliseconds,
});
export type CompiledModel = z.infer<typeof compiledModelSchema>;

/** `share` of 0 to 1 for accuracy and its kin. */
const metricUnitSchema = z.enum(['ms', 'inferences/s', 'share', 'bytes']);

/** Metrics exactly as Olive defines them, beside ours: `latency-avg` -> value in Olive's unit. */
export const oliveMetricsSchema = z.record(z.string().max(120), z.strictObject({ value: z.number(), unit: metricUnitSchema }));

/** What became of a goal: it never fails a task. */
const goalOutcomeSchema = z.strictObject({
  type: z.enum(['threshold', 'min-improvement', 'max-degradation', 'percent-min-improvement', 'percent-max-degradation']),
  /** As the recipe states it; percent for the percent types. */
  value: z.number(),
  state: z.enum(['met', 'missed', 'unresolved']),
  /** What the metric has to reach, in its own unit; null when unresolved. */
  target: z.number().nullable(),
  /** What a relative goal is relative to: the same metric of the export before any later pass, on the same execution provider and machine. */
  baseline: z.strictObject({ kind: z.literal('fp32-export'), value: z.number() }).nullable(),
  /** Why it is unresolved; empty otherwise. */
  why: text,
});

/** One sub-metric of the recipe's evaluator with its goal. */
export const evaluatedMetricSchema = z.strictObject({
  /** `latency-avg`: the metric's name and its sub-type. */
  metric: z.string().max(120),
  value: z.number().nullable(),
  unit: metricUnitSchema.nullable(),
  higherIsBetter: z.boolean(),
  /** 1 is the most important; -1 is reported and never compared. */
  priority: z.int(),
  /** Why there is no value; empty with one. */
  why: text,
  goal: goalOutcomeSchema.nullable(),
});

export const benchmarkReportSchema = z.strictObject({
  /** 2 since further outputs, ranking and the evaluator's metrics are reported; readers take both. */
  schemaVersion: z.union([z.literal(1), z.literal(2)]),
  requestedEp: epNameSchema,
  executedEp: epNameSchema,
  substitution: substitutionSchema.nullable(),
  tier: tierSchema,
  /** Input name -> bound shape. */
  inputShapes: z.record(z.string().max(200), z.array(z.int().min(0)).max(16)),
  environmentId: sha256Schema,
  runtime: z.strictObject({ adapter: text, ortVersion: text, ortLibraryDigest: sha256Schema, node: text }),
  condition: conditionSchema,
  /** Older agents do not send it. */
  deviceStates: deviceStatesSchema.exactOptional(),
  /** Session settings as sent to the runtime. */
  session: z.record(z.string().max(120), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  launches: z.array(launchReportSchema).min(1).max(64),
  p50Ms: estimateSchema,
  /** `noisy`: the interval did not reach 2 % within the budget; `insufficient`: too few launches for an interval. */
  verdict: z.enum(['ok', 'noisy', 'insufficient']),
  /** Inferences per second with one request in flight: rows of a run over the mean latency. */
  throughputPerSecond: z.number().min(0),
  /** Absent for the smoke tier, emulators, and from older agents. */
  concurrent: concurrentThroughputSchema.exactOptional(),
  /** Absent where no pass compiled the model, and from older agents. Its files are among the artifacts, under `compiled/`. */
  compiled: compiledModelSchema.exactOptional(),
  /** Null where none was measured yet; absent from older agents. */
  control: controlSchema.nullable().exactOptional(),
  placement: placementSchema,
  quality: qualitySchema,
  olive: oliveMetricsSchema,
  /** Every sub-metric of the recipe's evaluator, in its order. Absent in version 1. */
  evaluator: z.array(evaluatedMetricSchema).max(400).exactOptional(),
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
