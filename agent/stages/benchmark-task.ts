import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { Assignment, BenchmarkResult, BenchmarkSpec } from '../../domain/task.ts';
import { watched } from '../gates/state-watch.ts';
import { Pipeline, type TaskContext } from '../runner/stage.ts';
import { measureBaseline } from './baseline.ts';
import { assembleReport } from './benchmark-report.ts';
import type { BenchmarkFiles, BenchmarkMeasured, BenchmarkSession, BenchmarkStart } from './benchmark-values.ts';
import { fetchFolders } from './fetch.ts';
import { measure } from './measure.ts';
import { profile } from './profile.ts';
import { compareOutputs } from './quality.ts';
import { readRecipe } from './read-recipe.ts';
import { resolveSession } from './target-passes.ts';
import { verifyFiles } from './verify.ts';

const NO_FILES: FileMap = {};

/** The stages of a benchmark, in the order of `domain/task.ts` STAGES. */
export const BENCHMARK_TASK: Pipeline<BenchmarkStart, BenchmarkResult> = Pipeline.start<BenchmarkStart>()
  .stage('fetch', fetchConversion)
  .stage('verify', verifyConversion)
  .stage('target-passes', resolveSession)
  .stage('measure', measureWatched)
  .stage('profile', profile)
  .stage('quality', async (value, context) => measureBaseline(await compareOutputs(value, context), context))
  .stage('upload', assembleReport);

/** Measures, and looks at the device before, during and after. */
async function measureWatched(value: BenchmarkSession, context: TaskContext): Promise<BenchmarkMeasured> {
  const { clock, config, device } = context;
  const watch = { deviceName: device.name, readState: context.readState, limits: config.gates.limits, clock };
  const { result, states } = await watched(watch, () => measure(value, context));
  for (const { why } of states.warnings) context.log(`Warning: while this was measured, ${why}.`);
  return { ...result, deviceStates: states };
}

/** The conversion an assignment carries. Throws `internal` when a benchmark comes without: the coordinator assigns it only once converted. */
export function startBenchmark(spec: BenchmarkSpec, { conversion }: Assignment): BenchmarkStart {
  if (conversion === null) throw new GroveError('internal', { problem: 'a benchmark was assigned without its converted model' });
  return { spec, conversion };
}

async function fetchConversion(start: BenchmarkStart, context: TaskContext): Promise<BenchmarkFiles> {
  const { artifact, reference } = start.conversion;
  await fetchFolders({ model: artifact.files, reference: reference?.files ?? NO_FILES }, context);
  const recipe = readRecipe(start.spec.recipe, start.spec.task);
  const referenceFolder = reference === null ? null : join(context.folder, 'reference');
  return { ...start, recipe, modelFolder: join(context.folder, 'model'), referenceFolder };
}

async function verifyConversion(value: BenchmarkFiles, context: TaskContext): Promise<BenchmarkFiles> {
  const { artifact, reference } = value.conversion;
  await verifyFiles(artifact.files, value.modelFolder, context);
  if (reference !== null && value.referenceFolder !== null) await verifyFiles(reference.files, value.referenceFolder, context);
  return value;
}
