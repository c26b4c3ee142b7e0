import { z } from 'zod';
import { judgedSimilarity } from '../../domain/judged-similarity.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import { boundedText, type Quality, qualitySchema, type Ranking } from '../../domain/report.ts';
import { openSession, sessionSpecSchema } from '../benchmark/session-spec.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { accuracyValue } from './accuracy.ts';
import type { LogitComparison } from './logits.ts';
import { CLASSIFICATION, OutputComparison } from './output-comparison.ts';
import { rankingQuality } from './ranking.ts';
import { readReferenceBatch, readReferenceManifest } from './reference.ts';
import { firstFacts, type RowFacts, readRowFacts } from './row-facts.ts';

const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());

/** An `accuracy` sub-metric of the recipe. */
const accuracyMetricSchema = z.strictObject({
  /** Name of the result. */
  metric: z.string().min(1).max(120),
  /** Olive's: `accuracy_score`. */
  subType: z.string().max(100),
  /** The metric_config as written. */
  config: jsonObject,
});

/** What a quality launch is asked to do. */
export const qualityRequestSchema = z.strictObject({
  session: sessionSpecSchema,
  /** Folder of the Reference. */
  referenceFolder: z.string().min(1),
  /** The task the model was exported for: it says what its outputs are. */
  task: z.string().max(100),
  /** Least value of `judgedSimilarity` that counts as good. */
  bound: z.strictObject({ min: z.number().min(-1).max(1), isDefault: z.boolean() }),
  accuracy: z.array(accuracyMetricSchema).max(400).default([]),
  /** After so long no further batch is begun: a slow device must not lose its measurement to many rows. */
  maxMs: z.number().min(0).default(600_000),
});
export type QualityRequest = z.infer<typeof qualityRequestSchema>;

export const qualityResultSchema = z.strictObject({
  quality: qualitySchema,
  /** In the order of the request. */
  accuracy: z.array(
    z.strictObject({
      metric: z.string(),
      /** Null with the reason. */
      value: z.number().nullable(),
      /** The same of the Reference: of the export. */
      referenceValue: z.number().nullable(),
      why: z.string(),
    }),
  ),
});
export type QualityResult = z.infer<typeof qualityResultSchema>;

type Measured = Extract<Quality, { state: 'measured' }>;

/**
 * Runs every batch of the Reference and compares the outputs with it, by position: names and element types may differ, shapes may not. The first output
 * is judged. A model that cannot be compared gives `not-measured` with the reason. Throws `invalid-reference` and what opening and running a
 * session throws.
 *
 * @param onProgress told the share of batches done.
 */
export async function runQuality(
  request: QualityRequest,
  runtime: InferenceRuntime,
  onProgress: (fraction: number) => void = () => {},
): Promise<QualityResult> {
  const manifest = await readReferenceManifest(request.referenceFolder);
  const facts = await readRowFacts(request.referenceFolder, manifest.rows);
  const session = await openSession(runtime, request.session);
  try {
    const comparison = new OutputComparison(session, { ep: request.session.ep, task: request.task });
    const startedMs = performance.now();
    for (let index = 0; index < manifest.batches.length; index++) {
      if (index > 0 && performance.now() - startedMs > request.maxMs) break;
      const why = await comparison.add(await readReferenceBatch(request.referenceFolder, manifest, index));
      if (why !== undefined) return notMeasured(why, request);
      onProgress((index + 1) / manifest.batches.length);
    }
    const compared = facts && firstFacts(facts, comparison.rows);
    const quality = judge(comparison, request.bound, compared);
    const ofRows = comparison.rows < manifest.rows && { ofRows: manifest.rows };
    const outOfTime = ofRows ? `time ran out after ${comparison.rows} of ${manifest.rows} rows` : undefined;
    return { quality: { ...quality, ...ofRows }, accuracy: accuracyOf(request, comparison.logits, { facts: compared, outOfTime }) };
  } finally {
    await session.close();
  }
}

function notMeasured(why: string, { accuracy }: QualityRequest): QualityResult {
  return { quality: { state: 'not-measured', why: boundedText(why) }, accuracy: accuracy.map(({ metric }) => unresolved(metric, why)) };
}

function judge(comparison: OutputComparison, bound: QualityRequest['bound'], facts: RowFacts | undefined): Measured {
  const result = comparison.finish();
  const { logits } = comparison;
  return {
    state: 'measured',
    ...result,
    bound: { metric: 'cosine', ...bound },
    passed: judgedSimilarity(result).value >= bound.min,
    ...(logits.labels === 1 && { ranking: rankingOf(logits.scores, facts) }),
  };
}

function rankingOf({ actual, expected }: LogitComparison['scores'], facts: RowFacts | undefined): Ranking {
  if (facts?.queries == null) return { state: 'not-measured', why: 'the evaluation data holds no query-passage pairs' };
  const rows = facts.queries.flatMap((query, row) => (query === null ? [] : [{ query, row }]));
  return rankingQuality({
    actual: rows.map(({ row }) => actual[row] ?? Number.NaN),
    expected: rows.map(({ row }) => expected[row] ?? Number.NaN),
    queries: rows.map(({ query }) => query),
    labels: rows.map(({ row }) => facts.labels[row] ?? null),
  });
}

function accuracyOf(
  { accuracy }: QualityRequest,
  logits: LogitComparison,
  { facts, outOfTime }: { readonly facts: RowFacts | undefined; readonly outOfTime: string | undefined },
): QualityResult['accuracy'] {
  const why = whyNoClasses(logits, facts) ?? outOfTime ?? whyIncomplete(facts);
  return accuracy.map(({ metric, subType, config }) => {
    if (why !== undefined || facts === undefined) return unresolved(metric, why ?? '');
    const computed = (predicted: readonly number[]) => accuracyValue(subType, config, { predicted, labels: facts.labels });
    const model = computed(logits.classes.actual);
    const reference = computed(logits.classes.expected);
    if ('why' in model) return unresolved(metric, model.why);
    return { metric, value: model.value, referenceValue: 'value' in reference ? reference.value : null, why: '' };
  });
}

function whyNoClasses({ labels }: LogitComparison, facts: RowFacts | undefined): string | undefined {
  if (labels === 0) return `only an export for ${CLASSIFICATION} predicts classes`;
  if (labels === 1) return 'the model gives one score a row: its best label is always 0';
  if (facts === undefined) return 'the Reference tells no labels';
  return undefined;
}

function whyIncomplete(facts: RowFacts | undefined): string | undefined {
  if (facts?.complete !== false) return undefined;
  return 'the data config selects more rows than the Reference kept, of which there is a limit and for which there was so much time';
}

function unresolved(metric: string, why: string): QualityResult['accuracy'][number] {
  return { metric, value: null, referenceValue: null, why };
}
