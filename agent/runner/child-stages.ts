import { dirname } from 'node:path';
import type { z } from 'zod';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { compileModel, compileRequestSchema } from '../../engine/benchmark/compile-model.ts';
import { launchRequestSchema, runLaunch } from '../../engine/benchmark/run-launch.ts';
import { profilingRequestSchema, runProfilingLaunch } from '../../engine/benchmark/run-profiling-launch.ts';
import { runThroughputLaunch, throughputRequestSchema } from '../../engine/benchmark/run-throughput-launch.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { convertModel } from '../../engine/convert/convert.ts';
import type { ConvertEvent } from '../../engine/convert/convert-request.ts';
import { moveRequestSchema, moveToDevice } from '../../engine/convert/move-device.ts';
import { parquetPlanRequestSchema, planParquetRead } from '../../engine/data/parquet-plan.ts';
import { selectRows, selectRowsRequestSchema } from '../../engine/data/select-rows.ts';
import { makeReference, referenceRequestSchema } from '../../engine/quality/make-reference.ts';
import { qualityRequestSchema, runQuality } from '../../engine/quality/run-quality.ts';
import type { InferenceRuntime } from '../../engine/runtime/inference-runtime.ts';
import { loadRuntime } from '../../engine/runtime/load-runtime.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import { trialRequestSchema, tryProvider } from '../../engine/runtime/trial.ts';
import type { ToolchainPlace } from '../../engine/toolchain/openvino-worker.ts';
import { convertWithOlive } from '../../engine/toolchain/run-olive.ts';
import { peakMemoryBytes } from '../../platform/peak-memory.ts';
import {
  type ConvertOutcome,
  type ConvertRequest,
  convertRequestSchema,
  type ReferenceOutcome,
  type RowsOutcome,
} from '../stages/child-documents.ts';
import { readRecipe } from '../stages/read-recipe.ts';
import type { ChildContext, ChildStage } from './child-entry.ts';

/** Every stage that runs in a process of its own: the only code of an agent that loads ONNX Runtime. */
export const CHILD_STAGES: Readonly<
  Record<
    | 'rows-plan'
    | 'rows'
    | 'convert'
    | 'move-device'
    | 'compile'
    | 'reference'
    | 'launch'
    | 'throughput'
    | 'profile'
    | 'quality'
    | 'ep-trial',
    ChildStage
  >
> = {
  'rows-plan': async (request) => await planParquetRead(parquetPlanRequestSchema.parse(request)),
  rows: async (request): Promise<RowsOutcome> => ({ rows: await selectRows(selectRowsRequestSchema.parse(request)) }),
  convert,
  'move-device': async (request) => await moveToDevice(moveRequestSchema.parse(request)),
  compile: inRuntime(compileRequestSchema, compileModel),
  reference,
  launch: inRuntime(launchRequestSchema, runLaunch),
  throughput: inRuntime(throughputRequestSchema, runThroughputLaunch),
  profile: inRuntime(profilingRequestSchema, runProfilingLaunch),
  quality: inRuntime(qualityRequestSchema, runQuality),
  'ep-trial': async (request) => await tryProvider(trialRequestSchema.parse(request)),
};

/** A stage that measures in the runtime its session names. */
function inRuntime<Request extends { readonly session: SessionSpec }>(
  schema: z.ZodType<Request>,
  work: (request: Request, runtime: InferenceRuntime, onProgress: (fraction: number) => void) => Promise<unknown>,
): ChildStage {
  return async (document, { progress }) => {
    const request = schema.parse(document);
    return await work(request, await loadRuntime(request.session.runtime), progress);
  };
}

async function convert(document: unknown, context: ChildContext): Promise<ConvertOutcome> {
  const request = convertRequestSchema.parse(document);
  return request.olive === undefined ? await convertHere(request, context) : await convertInOlive(request, request.olive, context);
}

/** Olive's result has no Reference: its export is inside Olive. */
async function convertInOlive(
  { recipe, task, sourceFolder: source, outFolder, rows }: ConvertRequest,
  toolchain: ToolchainPlace,
  { signal, log }: ChildContext,
): Promise<ConvertOutcome> {
  const runtime = await loadOrtNode();
  const work = { recipe: readRecipe(recipe, task), source, rows, outFolder, workFolder: dirname(outFolder), toolchain, signal, log };
  const { passes, sourceBytes, resultBytes } = await convertWithOlive(work, runtime);
  const { libraryDigest } = await runtime.info();
  return {
    passes: [...passes],
    findings: [],
    sourceBytes,
    resultBytes,
    rssPeakBytes: await peakMemoryBytes(),
    ortLibraryDigest: libraryDigest,
  };
}

async function convertHere(request: ConvertRequest, context: ChildContext): Promise<ConvertOutcome> {
  const { recipe: reference, task, sourceFolder, outFolder, exportFolder, rows, openvino } = request;
  const recipe = readRecipe(reference, task);
  const runtime = await loadOrtNode();
  const result = await convertModel({
    passes: planConversion(recipe).host,
    inputModel: recipe.inputModel,
    source: sourceFolder,
    accelerator: recipe.target.accelerator,
    data: { configs: recipe.dataConfigs, rows, tokenizerFolder: sourceFolder },
    // The attempt's own folder, which goes with it, also when this process is killed.
    scratchFolder: dirname(outFolder),
    ...{ outFolder, exportFolder, runtime, ...(openvino !== undefined && { openvino }) },
    signal: context.signal,
    onEvent: passEvents(context),
  });
  const { libraryDigest } = await runtime.info();
  return {
    passes: [...result.passes],
    findings: result.findings.map((finding) => ({ ...finding })).slice(0, 200),
    sourceBytes: result.sourceBytes,
    resultBytes: result.resultBytes,
    rssPeakBytes: await peakMemoryBytes(),
    ortLibraryDigest: libraryDigest,
  };
}

/** Turns progress of passes into progress of the stage. */
function passEvents(context: ChildContext): (event: ConvertEvent) => void {
  let [index, count] = [0, 1];
  return (event) => {
    if (event.kind === 'log') context.log(event.line);
    if (event.kind === 'pass-progress') context.progress((index + event.fraction) / count, event.name);
    if (event.kind === 'pass-finished')
      context.log(`${event.report.name} (${event.report.type}): ${Math.round(event.report.durationMs)} ms.`);
    if (event.kind === 'pass-started') {
      [index, count] = [event.index, Math.max(1, event.count)];
      context.progress(index / count, event.name);
    }
  };
}

async function reference(request: unknown): Promise<ReferenceOutcome> {
  const runtime = await loadOrtNode();
  const { rows } = await makeReference(referenceRequestSchema.parse(request), runtime);
  const { ortVersion, libraryDigest } = await runtime.info();
  return { rows, ortVersion, ortLibraryDigest: libraryDigest };
}
