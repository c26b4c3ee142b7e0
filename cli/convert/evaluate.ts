import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { oliveMetricsOf } from '../../agent/stages/olive-metrics.ts';
import { physicalCoresHere } from '../../agent/stages/target-passes.ts';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP } from '../../domain/names.ts';
import { isDummyData } from '../../domain/recipe/conversion-data.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { feedsFor, generateFeeds } from '../../engine/benchmark/inputs.ts';
import { measureOliveMetrics, type OliveMetric } from '../../engine/benchmark/olive-metrics.ts';
import { openSession, type SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { applyInferenceSettings } from '../../engine/benchmark/session-tuning.ts';
import type { ConversionData } from '../../engine/convert/conversion-data.ts';
import type { OliveMetricValues } from '../../engine/convert/olive-output.ts';
import { runTargetPasses } from '../../engine/convert/run-target-passes.ts';
import { evaluateDataConfig } from '../../engine/data/data-config.ts';
import { loadTokenizer } from '../../engine/data/tokenizer.ts';
import type { InferenceSettings } from '../../engine/passes/pass.ts';
import { type ExecutionProvider, isExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { InferenceRuntime, Session } from '../../engine/runtime/inference-runtime.ts';
import type { NamedTensors } from '../../engine/runtime/tensor.ts';

/** Inputs that are made up: from a seed, with token ids below this or a smaller vocabulary. */
const SEED = 1;
const IDS_BELOW = 1_000;

/** What the recipe's evaluator says of the converted model on this machine. */
export interface Evaluation {
  readonly requestedEp: string;
  readonly executedEp: string;
  /** Null: measured on the execution provider the recipe asks for. */
  readonly substitution: { readonly kind: 'ep'; readonly requested: string; readonly executed: string } | null;
  readonly ortVersion: string;
  /** Settings the recipe's target passes decided here, in Olive's form; null: none. */
  readonly inferenceSettings: InferenceSettings | null;
  /** `<metric>-<sub-type>` -> value in Olive's unit, and where its inputs came from. */
  readonly metrics: Readonly<Record<string, { readonly value: number; readonly unit: string; readonly inputs: 'rows' | 'generated' }>>;
  readonly notMeasured: readonly { readonly metric: string; readonly why: string }[];
}

/** What an evaluation needs to know before the conversion, so that it is refused early. */
export interface EvaluationPlan {
  readonly recipe: Recipe;
  readonly executedEp: ExecutionProvider;
}

/**
 * Which execution provider would evaluate the recipe here. Throws `invalid-argument` when the recipe names no evaluator, `ep-unavailable` when this
 * machine lacks the provider.
 */
export async function planEvaluation(recipe: Recipe, substituteEp: 'cpu' | undefined, runtime: InferenceRuntime): Promise<EvaluationPlan> {
  if (recipe.metrics.length === 0)
    throw new GroveError('invalid-argument', { problem: 'the recipe names no evaluator, so that --evaluate has nothing to measure' });
  const ep = substituteEp === 'cpu' ? CPU_EP : recipe.target.ep;
  if (!isExecutionProvider(ep)) throw new GroveError('ep-unavailable', { ep, why: 'no such execution provider is known' });
  const reach = (await runtime.info()).eps.get(ep);
  if (reach?.reachable !== true) throw new GroveError('ep-unavailable', { ep, why: reach?.why ?? 'this runtime does not have it' });
  return { recipe, executedEp: ep };
}

/** The converted model and what its evaluator may read. */
export interface EvaluationSource extends EvaluationPlan {
  readonly modelPath: string;
  readonly data: ConversionData;
  /** Infinity when the model does not say. */
  readonly vocabularySize: number;
  readonly runtime: InferenceRuntime;
}

/**
 * Measures the latency and throughput metrics of the recipe as Olive defines them, in a session with the settings its target passes decide for this
 * machine. Inputs are the first batch of the metric's rows when they were given, generated ones otherwise: Olive itself reads no further than that.
 */
export async function evaluateHere(source: EvaluationSource): Promise<Evaluation> {
  const { recipe, executedEp, runtime } = source;
  const target = { ep: recipe.target.ep, executedEp, physicalCores: await physicalCoresHere() };
  const { inferenceSettings } = runTargetPasses(planConversion(recipe).target, target);
  const plain: SessionSpec = { modelPath: source.modelPath, ep: executedEp, epOptions: {}, settings: {} };
  const session = await openSession(runtime, inferenceSettings === null ? plain : applyInferenceSettings(plain, inferenceSettings));
  try {
    const timed = oliveMetricsOf(recipe);
    const substituted = executedEp !== recipe.target.ep;
    return {
      requestedEp: recipe.target.ep,
      executedEp,
      substitution: substituted ? { kind: 'ep', requested: recipe.target.ep, executed: executedEp } : null,
      ortVersion: (await runtime.info()).ortVersion,
      inferenceSettings,
      metrics: await measureAll(session, timed, source),
      notMeasured: recipe.metrics
        .filter(({ name }) => !timed.some((metric) => metric.name === name))
        .map(({ name, type }) => ({ metric: name, why: `${type} is judged on a farm` })),
    };
  } finally {
    await session.close();
  }
}

async function measureAll(session: Session, metrics: readonly OliveMetric[], source: EvaluationSource): Promise<Evaluation['metrics']> {
  const values: Record<string, Evaluation['metrics'][string]> = {};
  for (const metric of metrics) {
    const { feeds, inputs } = await feedsOf(session, metric, source);
    const measured = await measureOliveMetrics(session, feeds, [metric]);
    for (const [name, value] of Object.entries(measured)) values[name] = { ...value, inputs };
  }
  return values;
}

interface Feeds {
  readonly feeds: NamedTensors;
  readonly inputs: 'rows' | 'generated';
}

async function feedsOf(session: Session, metric: OliveMetric, source: EvaluationSource): Promise<Feeds> {
  const { recipe, data, executedEp, vocabularySize } = source;
  const { dataConfig } = recipe.metrics.find(({ name }) => name === metric.name) ?? { dataConfig: null };
  const batch = dataConfig === null ? undefined : await firstBatch(dataConfig, data);
  if (batch !== undefined) return { feeds: feedsFor(session.inputs, batch, executedEp), inputs: 'rows' };
  // The first axis counts rows, whatever its name.
  const first = session.inputs.flatMap(({ dims }) => (typeof dims[0] === 'string' ? [dims[0]] : []));
  const dims = Object.fromEntries(first.map((name) => [name, metric.batchSize]));
  const integerBelow = Math.min(IDS_BELOW, vocabularySize);
  return { feeds: generateFeeds(session.inputs, { kind: 'generated', seed: SEED, dims, integerBelow }), inputs: 'generated' };
}

/** Undefined when nobody gave the rows. */
async function firstBatch(name: string, data: ConversionData): Promise<NamedTensors | undefined> {
  const config = data.configs.find((candidate) => candidate.name === name);
  const rows = data.rows[name];
  if (config === undefined || (rows === undefined && !isDummyData(config))) return undefined;
  const tokenizer = isDummyData(config) ? {} : { tokenizer: await loadTokenizer(data.tokenizerFolder) };
  for await (const batch of evaluateDataConfig({ config, ...rows, ...tokenizer })) return batch;
  return undefined;
}

/** The values in the form of Olive's `metrics.json`. */
export function oliveMetricValues({ metrics }: Evaluation, recipe: Recipe): OliveMetricValues {
  const subTypes = recipe.metrics.flatMap(({ name, subTypes: subs }) => subs.map((sub) => ({ key: `${name}-${sub.name}`, ...sub })));
  const entries = subTypes.flatMap(({ key, priority, higherIsBetter }) => {
    const measured = metrics[key];
    return measured === undefined ? [] : [[key, { value: measured.value, priority, higher_is_better: higherIsBetter }] as const];
  });
  return Object.fromEntries(entries);
}

/** `evaluation.json`: what the numbers of `metrics.json` were measured on, for which Olive's file has no place. */
export async function writeEvaluation(folder: string, evaluation: Evaluation): Promise<void> {
  await writeFile(join(folder, 'evaluation.json'), `${JSON.stringify(evaluation, null, 4)}\n`);
}
