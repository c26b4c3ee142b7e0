import { join } from 'node:path';
import { environmentId } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import type { BenchmarkResult } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import type { TaskContext } from '../runner/stage.ts';
import { filesBelow, uploadFiles } from '../transfer/upload.ts';
import type { BenchmarkJudged } from './benchmark-values.ts';
import { COMPILED_FOLDER } from './compile.ts';
import { evaluateRecipe } from './evaluator.ts';

/** Name of the raw profile among the report's artifacts. */
const PROFILE_NAME = 'profile.json';

/** Uploads raw samples and profile, and puts everything found out into one report. */
export async function assembleReport(value: BenchmarkJudged, context: TaskContext): Promise<BenchmarkResult> {
  const samples = Object.entries(await filesBelow(value.samplesFolder)).map(([name, path]) => [`samples/${name}`, path] as const);
  const compiled = value.compiled === null ? {} : await filesBelow(join(context.folder, COMPILED_FOLDER));
  const ofCompiled = Object.entries(compiled).map(([name, path]) => [`${COMPILED_FOLDER}/${name}`, path] as const);
  const files = { ...Object.fromEntries([...samples, ...ofCompiled]), [PROFILE_NAME]: value.profilePath };
  const artifacts = await uploadFiles(files, context);
  return { kind: 'benchmark', report: reportOf(value, { artifacts, context }) };
}

function reportOf(
  value: BenchmarkJudged,
  { artifacts, context }: { readonly artifacts: BenchmarkReport['artifacts']; readonly context: TaskContext },
): BenchmarkReport {
  const { spec, launches, summary, control, placement, quality, deviceStates } = value;
  const [first] = launches;
  if (first === undefined) throw new GroveError('internal', { problem: 'a benchmark ended without a launch' });
  const { powerSource, powerMode } = deviceStates.before;
  return {
    schemaVersion: 2,
    requestedEp: spec.requestedEp,
    executedEp: spec.executedEp,
    substitution: spec.substitution,
    tier: spec.tier,
    inputShapes: first.inputShapes,
    environmentId: environmentId(context.device.profile, context.host, sha256),
    runtime: first.runtime,
    condition: { powerSource, powerMode },
    deviceStates,
    session: first.session,
    launches: launches.map(({ report }) => ({ ...report, samplesPath: `samples/${report.samplesPath}` })),
    ...summary,
    ...(value.compiled !== null && { compiled: value.compiled }),
    control,
    placement,
    quality,
    ...evaluateRecipe(value),
    artifacts,
  };
}
