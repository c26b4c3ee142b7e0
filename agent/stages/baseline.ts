import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { needsBaseline } from '../../domain/goals.ts';
import type { Metric, Recipe } from '../../domain/recipe/recipe.ts';
import type { Placement } from '../../domain/report.ts';
import { launchBudget } from '../../engine/benchmark/next-launch.ts';
import { type LaunchRequest, launchResultSchema } from '../../engine/benchmark/run-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { launchPlan } from '../../engine/benchmark/tiers.ts';
import { readExportFacts } from '../../engine/quality/export-facts.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { Baseline, BenchmarkCompared, BenchmarkJudged } from './benchmark-values.ts';
import { inputsOf } from './inputs-of.ts';
import { oliveMetricsOf } from './olive-metrics.ts';
import { heavyNodesElsewhere } from './placement.ts';

/** Folder below a Reference's with the export it was made of; there only when a goal is relative to it. */
export const EXPORT_FOLDER = 'export';

/** Longest a goal may keep the device: the export may be slow, or hang, where the converted model does not. */
const MAX_BASELINE_MS = 300_000;
/** Precisions that a reason lists. */
const MAX_PRECISIONS = 4;

type Timings = Pick<Baseline, 'olive' | 'why'>;

/** Whether a goal of the recipe can only be judged by a measurement or the size of the export. */
export function needsExport({ metrics }: Pick<Recipe, 'metrics'>): boolean {
  return metrics.some((metric) => metric.type !== 'accuracy' && hasRelativeGoal(metric));
}

function hasRelativeGoal({ subTypes }: Metric): boolean {
  return subTypes.some(needsBaseline);
}

/**
 * Measures the export as the first launch measured the converted model: same execution provider, inputs, plan and metrics, with ONNX Runtime's default
 * session. Last of all, so that nothing it does to the device touches the result, and only for relative goals. Whatever goes wrong leaves those
 * goals unresolved; it never fails the task. Throws the signal's reason.
 */
export async function measureBaseline(value: BenchmarkCompared, context: TaskContext): Promise<BenchmarkJudged> {
  const metrics = value.recipe.metrics.filter(hasRelativeGoal);
  if (metrics.length === 0) return { ...value, baseline: { olive: {}, why: '', isFloat32: true } };
  const { referenceFolder } = value;
  const lower = referenceFolder === null ? undefined : await whyNotFloat32(referenceFolder, context);
  if (lower !== undefined) return { ...value, baseline: { olive: {}, why: lower, isFloat32: false } };
  const timed = oliveMetricsOf({ ...value.recipe, metrics });
  return {
    ...value,
    baseline: { ...(timed.length === 0 ? { olive: {}, why: '' } : await measured(value, context, timed)), isFloat32: true },
  };
}

async function measured(value: BenchmarkCompared, context: TaskContext, timed: LaunchRequest['oliveMetrics']): Promise<Timings> {
  const why = whyNotMeasured(value);
  if (why !== undefined) return { olive: {}, why };
  try {
    return await measureExport(value, context, timed);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof GroveError)) throw error;
    context.log(`The export was not measured: ${error.message}`);
    return { olive: {}, why: `the fp32 export did not run on ${value.session.ep}: ${error.message}` };
  }
}

/** A checkpoint may be exported in float16, and an ONNX model may come quantised: what is relative to that says nothing of float32. */
async function whyNotFloat32(referenceFolder: string, context: TaskContext): Promise<string | undefined> {
  try {
    const facts = await readExportFacts(referenceFolder);
    if (facts === undefined) return 'the conversion does not say whether its export is float32: it was made by an earlier version';
    if (facts.lowPrecision.length === 0) return undefined;
    return `the export is no float32 baseline: it has ${facts.lowPrecision.slice(0, MAX_PRECISIONS).join(', ')}`;
  } catch (error) {
    if (!(error instanceof GroveError)) throw error;
    context.log(`The export is not known: ${error.message}`);
    return `what the Reference says of the export cannot be read: ${error.message}`;
  }
}

function whyNotMeasured({ conversion, referenceFolder }: BenchmarkCompared): string | undefined {
  if (referenceFolder === null)
    return 'there is no Reference (no evaluation data, or none of its rows), so no export was kept to compare with';
  const hasExport = Object.keys(conversion.reference?.files ?? {}).some((path) => path.startsWith(`${EXPORT_FOLDER}/`));
  return hasExport ? undefined : 'the conversion was made for a recipe without relative goals, so its export was not kept';
}

async function measureExport(
  value: BenchmarkCompared,
  context: TaskContext,
  oliveMetrics: LaunchRequest['oliveMetrics'],
): Promise<Timings> {
  const { tier, launches } = value.spec;
  const session: SessionSpec = { ...value.plainSession, modelPath: join(value.referenceFolder ?? '', EXPORT_FOLDER, 'model.onnx') };
  const where = { session, inputs: inputsOf(value), outputFolder: join(context.folder, 'baseline') };
  await mkdir(where.outputFolder);
  // An NPU that cannot run float32 hands the export to the CPU: then it is no baseline of the NPU.
  const elsewhere = await heavyNodesElsewhere(where, context, Math.min(context.config.timeoutMs.measure, MAX_BASELINE_MS));
  if (elsewhere !== undefined) return { olive: {}, why: fellBack(elsewhere, session.ep) };
  const plan = launchPlan(tier, launchBudget({ tier, elapsedMs: 0, launchMediansMs: [], ...(launches !== null && { launches }) }));
  const request: LaunchRequest = { index: 0, ...where, plan, oliveMetrics };
  const { olive } = await context.inChild({
    stage: 'launch',
    request: asJson(request),
    result: launchResultSchema,
    timeoutMs: Math.min(context.config.timeoutMs.measure, MAX_BASELINE_MS),
  });
  return { olive, why: '' };
}

function fellBack({ heavyNodes, heavyNodesElsewhere: count }: Placement, ep: string): string {
  return `${count} of the fp32 export's ${heavyNodes} heavy nodes ran off ${ep}`;
}
