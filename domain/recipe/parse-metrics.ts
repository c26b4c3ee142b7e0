import { z } from 'zod';
import type { Json } from '../json.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import { type FlatMember, flattenParameters, flatValues } from './flatten.ts';
import { missingData } from './missing-data.ts';
import type { JsonObject, Metric, MetricGoal, SubMetric } from './recipe.ts';

const METRIC_TYPES = ['latency', 'throughput', 'accuracy', 'size_on_disk', 'custom'] as const;
const STATISTICS = ['avg', 'max', 'min', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999'];

/** Sub-types Grove checks by name; the others come from torchmetrics or from a script. */
const SUB_TYPES: Readonly<Partial<Record<Metric['type'], readonly string[]>>> = {
  latency: STATISTICS,
  throughput: STATISTICS,
  size_on_disk: ['bytes'],
};

/** A report's list and names are bounded; a recipe past them would be measured and its report refused. */
const MAX_SUB_TYPES = 400;
/** Two names and what joins them fit the 120 characters of a reported metric. */
const MAX_NAME_LENGTH = 59;
const MAX_GOAL_VALUE = 1e12;

const goalSchema = z.object({
  type: z.enum(['threshold', 'min-improvement', 'max-degradation', 'percent-min-improvement', 'percent-max-degradation']),
  value: z.number().min(-MAX_GOAL_VALUE).max(MAX_GOAL_VALUE),
});

const timingSchema = z.object({
  warmup_num: z.number().int().nonnegative().default(10),
  repeat_test_num: z.number().int().positive().default(20),
  sleep_num: z.number().nonnegative().default(0),
});

interface MetricContext {
  readonly evaluators: JsonObject;
  readonly dataConfigNames: ReadonlySet<string>;
  readonly findings: Findings;
}

/** Reads the engine's evaluator: a name under `$.evaluators`, an inline evaluator, or nothing. */
export function parseMetrics(reference: Json | undefined, path: string, context: MetricContext): readonly Metric[] {
  const { evaluators, findings } = context;
  const parsed = new Map(
    Object.entries(evaluators).map(([name, value]) => [name, parseEvaluator(value, jsonPath('$.evaluators', name), context)]),
  );
  if (reference === undefined || reference === null) return [];
  if (isJsonObject(reference)) return parseEvaluator(reference, path, context);
  const metrics = typeof reference === 'string' ? parsed.get(reference) : undefined;
  if (metrics === undefined) findings.refuse(path, `refers to evaluator ${JSON.stringify(reference)}, which the recipe does not define`);
  return metrics ?? [];
}

function parseEvaluator(value: Json, path: string, context: MetricContext): readonly Metric[] {
  const { findings } = context;
  if (!isJsonObject(value)) {
    findings.refuse(path, 'must be an object');
    return [];
  }
  const list = value['metrics'];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) {
    findings.refuse(jsonPath(path, 'metrics'), 'must be a list');
    return [];
  }
  const metrics = list.flatMap((item: Json, index) => {
    const metric = parseMetric(item, jsonPath(path, 'metrics', index), context);
    return metric === undefined ? [] : [metric];
  });
  return withPriorities(metrics, path, findings);
}

const metricSchema = z.object({
  name: z.string().min(1).max(MAX_NAME_LENGTH),
  type: z.string().toLowerCase().pipe(z.enum(METRIC_TYPES)),
  data_config: z.string({ error: 'must be the name of a data_config' }).nullable().default(null),
  backend: z.string().nullable().default(null),
  sub_types: z.array(z.record(z.string(), z.unknown())).min(1),
});

function parseMetric(item: Json, path: string, { dataConfigNames, findings }: MetricContext): Metric | undefined {
  const read = findings.read(metricSchema, item, path);
  if (read === undefined || !isJsonObject(item) || !Array.isArray(item['sub_types'])) return undefined;
  if (read.data_config !== null && !dataConfigNames.has(read.data_config))
    missingData(jsonPath(path, 'data_config'), read.data_config, findings);
  const written = item['sub_types'].filter((sub: Json): sub is JsonObject => isJsonObject(sub));
  const configs = written.map((sub, index) => configOf(sub, jsonPath(path, 'sub_types', index), findings));
  const subTypes = written.flatMap((sub, index) => {
    const at = { type: read.type, config: flatValues(configs[index] ?? NO_CONFIG), findings };
    const parsed = parseSubType(sub, jsonPath(path, 'sub_types', index), at);
    return parsed === undefined ? [] : [parsed];
  });
  const timing = timingOf(configs[0] ?? NO_CONFIG, jsonPath(path, 'sub_types', 0), findings);
  if (timing === undefined) return undefined;
  const counts = { warmupCount: timing.warmup_num, repeatCount: timing.repeat_test_num, sleepMs: timing.sleep_num * 1000 };
  const { name, type, backend, data_config: dataConfig } = read;
  return { name, path, type, backend: backend ?? 'torch_metrics', subTypes, dataConfig, ...counts };
}

const OWN_MEMBERS = ['name', 'priority', 'goal', 'higher_is_better'];
type Config = ReadonlyMap<string, FlatMember>;
const NO_CONFIG: Config = new Map();

function configOf(sub: JsonObject, path: string, findings: Findings): Config {
  return flattenParameters(sub, path, { nested: ['metric_config'], own: OWN_MEMBERS, findings });
}

/** Olive gives every sub-type a metric_config and reads only the first one's timing. */
function timingOf(first: Config, path: string, findings: Findings): z.output<typeof timingSchema> | undefined {
  return findings.read(timingSchema, flatValues(first), { path, members: first });
}

const subTypeSchema = z.object({
  name: z.string().min(1).max(MAX_NAME_LENGTH),
  priority: z.number().int().default(-1),
  higher_is_better: z.boolean().nullable().default(null),
  goal: goalSchema.nullable().default(null),
});

function parseSubType(
  sub: JsonObject,
  path: string,
  at: { readonly type: Metric['type']; readonly config: JsonObject; readonly findings: Findings },
): SubMetric | undefined {
  const { type, config, findings } = at;
  const read = findings.read(subTypeSchema, sub, path);
  if (read === undefined) return undefined;
  const known = SUB_TYPES[type];
  if (known !== undefined && !known.includes(read.name)) {
    findings.refuse(jsonPath(path, 'name'), `must be one of ${known.join(', ')}`);
    return undefined;
  }
  if (type === 'custom' && read.priority > 0 && read.higher_is_better === null)
    findings.refuse(jsonPath(path, 'higher_is_better'), 'a custom metric with a priority must say whether higher is better');
  const higherIsBetter = read.higher_is_better ?? higherByDefault(type, read.name);
  if (read.goal !== null) checkGoal(read.goal, jsonPath(path, 'goal', 'value'), { higherIsBetter, findings });
  return { name: read.name, path, priority: read.priority, higherIsBetter, goal: read.goal, config };
}

function higherByDefault(type: Metric['type'], name: string): boolean {
  return type === 'throughput' || (type === 'accuracy' && name !== 'wer');
}

/** A value of 100 or more would ask for a result of zero or less where lower is better, or allow any loss where higher is. */
function checkGoal(goal: MetricGoal, path: string, at: { readonly higherIsBetter: boolean; readonly findings: Findings }): void {
  if (goal.type === 'threshold') return;
  if (!goal.type.startsWith('percent-')) {
    if (goal.value < 0) at.findings.refuse(path, 'must not be negative');
    return;
  }
  if (goal.value <= 0) at.findings.refuse(path, 'must be more than 0 percent');
  const bounded = at.higherIsBetter === (goal.type === 'percent-max-degradation');
  if (bounded && goal.value >= 100) at.findings.refuse(path, 'must be less than 100 percent');
}

/** Olive: positive priorities over all metrics are exactly 1..N; a lone sub-metric becomes priority 1; several need at least one. */
function withPriorities(metrics: readonly Metric[], path: string, findings: Findings): readonly Metric[] {
  const subTypes = metrics.flatMap((metric) => metric.subTypes);
  if (subTypes.length > MAX_SUB_TYPES) findings.refuse(jsonPath(path, 'metrics'), `must have at most ${MAX_SUB_TYPES} sub-types in all`);
  const priorities = subTypes
    .map(({ priority }) => priority)
    .filter((priority) => priority > 0)
    .sort((a, b) => a - b);
  if (subTypes.length === 1)
    return metrics.map((metric) => ({ ...metric, subTypes: metric.subTypes.map((sub) => ({ ...sub, priority: 1 })) }));
  if (subTypes.length > 1 && priorities.length === 0) findings.refuse(jsonPath(path, 'metrics'), 'one sub-type must have priority 1');
  if (priorities.some((priority, index) => priority !== index + 1)) {
    findings.refuse(
      jsonPath(path, 'metrics'),
      `priorities must be 1 to ${priorities.length} without gaps or repeats, not ${priorities.join(', ')}`,
    );
  }
  return metrics;
}
