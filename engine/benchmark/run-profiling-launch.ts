import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { placementSchema } from '../../domain/report.ts';
import { readModelFile } from '../onnx/read.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { countHeavyNodes } from './heavy-nodes.ts';
import { inputsSpecSchema, measurementFeeds } from './inputs.ts';
import { placementOf } from './placement.ts';
import { readProfile } from './profile.ts';
import { openSession, sessionSpecSchema } from './session-spec.ts';

const PROFILE_FOLDER = 'profile';

/** What the launch that finds out placement is asked to do. Profiling slows inference down, so nothing it times is a result. */
export const profilingRequestSchema = z.strictObject({
  session: sessionSpecSchema,
  inputs: inputsSpecSchema,
  /** The ONNX file whose heavy nodes are counted, where the session loads what a provider compiled of it; absent: the session's. */
  countedPath: z.string().min(1).exactOptional(),
  /** Inferences, of which the first is not counted. */
  runs: z.int().min(2).max(1000).default(6),
  /** Existing folder that receives the profile. */
  outputFolder: z.string().min(1),
});
export type ProfilingRequest = z.infer<typeof profilingRequestSchema>;

/** What a profiling launch found. */
export const profilingResultSchema = z.strictObject({
  placement: placementSchema,
  /** The raw profile, relative to the request's output folder, `/`-separated. */
  profilePath: z.string(),
});
export type ProfilingResult = z.infer<typeof profilingResultSchema>;

/** Runs the model with profiling on and tells which execution provider ran which nodes. Throws what opening and running a session throws. */
export async function runProfilingLaunch(request: ProfilingRequest, runtime: InferenceRuntime): Promise<ProfilingResult> {
  const { ep, modelPath } = request.session;
  const profilePath = await recordProfile(request, runtime);
  const profile = await readProfile(profilePath, ep);
  const { graph } = await readModelFile(request.countedPath ?? modelPath);
  return { placement: placementOf(profile, ep, countHeavyNodes(graph)), profilePath: `${PROFILE_FOLDER}/${basename(profilePath)}` };
}

async function recordProfile(request: ProfilingRequest, runtime: InferenceRuntime): Promise<string> {
  const profileFolder = join(request.outputFolder, PROFILE_FOLDER);
  await mkdir(profileFolder);
  const session = await openSession(runtime, request.session, { profileFolder });
  try {
    const feeds = await measurementFeeds(request.inputs, session, request.session.ep);
    for (let run = 0; run < request.runs; run++) await session.run(feeds);
    const path = await session.finishProfile();
    if (path === undefined) throw new GroveError('session-failed', { ep: request.session.ep, problem: 'ONNX Runtime wrote no profile' });
    return path;
  } finally {
    await session.close();
  }
}
