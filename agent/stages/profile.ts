import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProfilingRequest, profilingResultSchema } from '../../engine/benchmark/run-profiling-launch.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { BenchmarkMeasured, BenchmarkProfiled } from './benchmark-values.ts';
import { inputsOf } from './inputs-of.ts';

/** Inferences of the profiling launch, the first of which is not counted. */
const PROFILED_RUNS = 6;
/** The same where each may take minutes. */
const EMULATED_RUNS = 2;

/** A launch of its own: profiling slows inference down, so it must not touch the measured ones. */
export async function profile(value: BenchmarkMeasured, context: TaskContext): Promise<BenchmarkProfiled> {
  const outputFolder = join(context.folder, 'profiling');
  await mkdir(outputFolder);
  const runs = context.device.profile.emulated ? EMULATED_RUNS : PROFILED_RUNS;
  const counted = value.compiled === null ? {} : { countedPath: value.plainSession.modelPath };
  const request: ProfilingRequest = { session: value.session, inputs: inputsOf(value), runs, outputFolder, ...counted };
  const { placement, profilePath } = await context.inChild({
    stage: 'profile',
    request: asJson(request),
    result: profilingResultSchema,
    timeoutMs: context.config.timeoutMs.measure,
  });
  return { ...value, placement, profilePath: join(outputFolder, ...profilePath.split('/')) };
}
