import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { isNativePassType } from '../../domain/passes/registry.ts';
import { dataNeeds } from '../../domain/recipe/conversion-data.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import { type ArrivingCheckpoint, openAhead } from '../export/checkpoint.ts';
import type { Model } from '../graph/model.ts';
import { checkModel } from '../onnx/check.ts';
import { type WrittenModel, writeModelFile } from '../onnx/write.ts';
import type { ExportPass, GraphPass, Pass, PassContext, PassFinding, PassResult } from '../passes/pass.ts';
import { PASSES } from '../passes/registry.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { type ScratchModels, withScratch } from '../runtime/scratch-models.ts';
import { type DataReader, openData } from './conversion-data.ts';
import type { ConvertedPass, ConvertFinding, ConvertRequest, ConvertResult } from './convert-request.ts';
import { sizeOfFiles } from './file-sizes.ts';
import { MODEL_CONFIG_FILE, type ModelConfig, writeModelConfig } from './model-config.ts';
import { modelFacts, operatorChanges } from './model-facts.ts';
import { modelFindings } from './model-findings.ts';
import { openSource } from './open-source.ts';
import { RowTally } from './row-tally.ts';
import { writeOptionsOf } from './write-options.ts';

/** File name of a conversion's graph, as Olive names it. */
const MODEL_FILE = 'model.onnx';

/** Kinds of things a pass left alone that a report lists. */
const MAX_LEFT_ALONE = 50;

/** The model between passes. */
interface State {
  readonly model: Model;
  readonly modelAttributes: Readonly<Record<string, unknown>>;
}

/**
 * Runs the host passes of a recipe and writes the result as Olive does. The result is checked twice before this returns: its structure, and by
 * loading the written files in ONNX Runtime.
 * Throws what the passes throw, `unsupported-pass` for one without a native implementation, `invalid-onnx` or `pass-failed` for a result
 * that does not hold. A native function of ONNX Runtime cannot be interrupted: to cancel for certain, end the process.
 */
export async function convertModel(request: ConvertRequest): Promise<ConvertResult> {
  return withScratch(request.scratchFolder, (scratch) => convertWith(scratch, request));
}

/** The weights of a checkpoint are on their way while data and tokenizer are made ready. */
async function convertWith(scratch: ScratchModels, request: ConvertRequest): Promise<ConvertResult> {
  const checkpoint = beginsWithExport(request.passes) ? openAhead(request.source) : undefined;
  // Told by the pass that wants it, behind whatever is wrong before.
  checkpoint?.catch(() => undefined);
  try {
    return await runPasses({ ...request, scratch, checkpoint });
  } finally {
    await checkpoint?.then((opened) => opened.checkpoint.close()).catch(() => undefined);
  }
}

function beginsWithExport([first]: readonly RecipePass[]): boolean {
  return first !== undefined && implementationOf(first)?.kind === 'export';
}

async function runPasses(request: Prepared): Promise<ConvertResult> {
  const { passes, outFolder, exportFolder, scratch, signal } = request;
  const tally = new RowTally(request.data?.configs ?? []);
  const { read, tokenizer } = await openData(dataNeeds(passes), request.data);
  const run: Run = { ...request, read: tally.counting(read) };
  await mkdir(outFolder, { recursive: true });
  const reports: ConvertedPass[] = [];
  const findings: ConvertFinding[] = [];
  let state: State | undefined = await openSource(request.inputModel, request.source);
  let exportPath: string | null = state === undefined ? null : await keepExport(state.model, exportFolder);
  for (const [index, pass] of passes.entries()) {
    signal.throwIfAborted();
    request.onEvent({ kind: 'pass-started', name: pass.name, type: pass.type, index, count: passes.length });
    const step = await runPass(pass, state, run);
    reports.push(step.report);
    findings.push(...step.findings);
    request.onEvent({ kind: 'pass-finished', report: step.report });
    if (state === undefined) {
      if (passes.slice(index + 1).some(writesScratch)) scratch.writeAhead(step.state.model);
      exportPath = await keepExport(step.state.model, exportFolder);
    }
    state = step.state;
  }
  if (state === undefined)
    throw new GroveError('unsupported-input', { problem: 'the recipe has no pass that makes an ONNX model of the checkpoint' });
  findings.push(
    ...tally.findings(),
    ...(await modelFindings(request, {
      modelAttributes: state.modelAttributes,
      tokenizer: request.data?.tokenizerFolder === request.source ? tokenizer : undefined,
    })),
  );
  const written = await writeResult(state, request);
  return {
    ...written,
    exportPath,
    passes: reports,
    findings,
    sourceBytes: await sizeOfFiles(request.source),
  };
}

async function keepExport(model: Model, folder: string | null): Promise<string | null> {
  if (folder === null) return null;
  await mkdir(folder, { recursive: true });
  const written = await writeModelFile(model, join(folder, MODEL_FILE), { saveAsExternalData: true });
  return written.modelPath;
}

interface Step {
  readonly state: State;
  readonly report: ConvertedPass;
  readonly findings: readonly ConvertFinding[];
}

/** A conversion with what is made ready for it. */
interface Prepared extends ConvertRequest {
  readonly scratch: ScratchModels;
  readonly checkpoint: Promise<ArrivingCheckpoint> | undefined;
}

/** A conversion whose data has been checked. */
interface Run extends Prepared {
  readonly read: DataReader;
}

async function runPass(pass: RecipePass, state: State | undefined, run: Run): Promise<Step> {
  const started = performance.now();
  // Before the pass runs: it may change the model in place.
  const before = modelFacts(state?.model);
  const result = await resultOf(pass, state, run);
  const { counts, findings, left = [] } = result.report;
  const durationMs = performance.now() - started;
  const after = modelFacts(result.model);
  return {
    state: { model: result.model, modelAttributes: result.modelAttributes ?? state?.modelAttributes ?? {} },
    report: {
      name: pass.name,
      type: pass.type,
      durationMs,
      nodesBefore: before.nodes,
      nodesAfter: after.nodes,
      bytesBefore: before.bytes,
      bytesAfter: after.bytes,
      operators: operatorChanges(before, after),
      counts: { ...counts },
      left: left.slice(0, MAX_LEFT_ALONE),
    },
    findings: findings.map((finding) => ({ rule: finding.rule, path: pathOf(finding, pass), message: finding.message })),
  };
}

/** A finding is shown where the author wrote the parameter it is about; one left to its default has no other place than the pass. */
function pathOf({ param, member = '' }: PassFinding, { path, writtenAt }: RecipePass): string {
  const written = param === undefined ? undefined : writtenAt[param];
  return written === undefined ? path : `${written}${member}`;
}

function resultOf(pass: RecipePass, state: State | undefined, run: Run): Promise<PassResult> {
  const implementation = hostPassOf(pass);
  const context = contextOf(pass, state, run);
  if (implementation.kind === 'export') {
    if (state !== undefined) throw failed(pass, 'the input is an ONNX model already');
    const source = { folder: run.source, checkpoint: run.checkpoint, task: run.inputModel.task, config: run.inputModel.config };
    return runWith(implementation, pass, (params) => implementation.run(source, params, context));
  }
  if (state === undefined) throw failed(pass, 'it needs an ONNX model: put OnnxConversion before it');
  return runWith(implementation, pass, (params) => implementation.run(state.model, params, context));
}

/** Parameters travel as JSON inside a recipe; the pass's own schema gives them their type back. */
function runWith(
  implementation: ExportPass | GraphPass,
  pass: RecipePass,
  run: (params: unknown) => Promise<PassResult>,
): Promise<PassResult> {
  const parsed = implementation.manifest.params.safeParse(pass.params);
  if (!parsed.success) throw failed(pass, z.prettifyError(parsed.error));
  return run(parsed.data).catch((error: unknown) => {
    throw blameOn(pass, error);
  });
}

/**
 * A conversion needs nothing of the device: when ONNX Runtime's CPU provider refuses the graph or its calibration data, what the recipe makes of the
 * model is wrong, for example a fixed length beyond the model's positions. Left as it is the error would count as the machine's fault.
 */
function blameOn(pass: Pick<RecipePass, 'type'>, error: unknown): unknown {
  if (!(error instanceof GroveError) || (error.code !== 'session-failed' && error.code !== 'inference-failed')) return error;
  return new GroveError('pass-failed', { type: pass.type, problem: error.message }, { cause: error });
}

function writesScratch(pass: RecipePass): boolean {
  const implementation = implementationOf(pass);
  return implementation?.kind === 'graph' && implementation.writesScratch === true;
}

function implementationOf({ type, known }: Pick<RecipePass, 'type' | 'known'>): Pass | undefined {
  return isNativePassType(type) && known === 'native' ? PASSES[type] : undefined;
}

function hostPassOf(pass: RecipePass): ExportPass | GraphPass {
  const { type, path, detail } = pass;
  const implementation = implementationOf(pass);
  if (implementation === undefined) throw new GroveError('unsupported-pass', { type, path, detail });
  if (implementation.kind === 'session')
    throw new GroveError('pass-failed', { type, problem: 'it runs on the device, not in a conversion' });
  return implementation;
}

function contextOf(pass: RecipePass, state: State | undefined, run: Run): PassContext {
  return {
    accelerator: run.accelerator,
    runtime: run.runtime,
    scratch: run.scratch,
    modelAttributes: state?.modelAttributes ?? {},
    data: run.read,
    signal: run.signal,
    log: (line) => run.onEvent({ kind: 'log', line: `${pass.name}: ${line}` }),
    progress: (fraction) => run.onEvent({ kind: 'pass-progress', name: pass.name, fraction }),
  };
}

function failed({ type }: RecipePass, problem: string): GroveError {
  return new GroveError('pass-failed', { type, problem });
}

/** Structure first: ONNX Runtime's own messages about a broken graph are poor. */
async function writeResult(
  state: State,
  request: ConvertRequest,
): Promise<Pick<ConvertResult, 'files' | 'modelPath' | 'modelConfig' | 'resultBytes'>> {
  const { model, modelAttributes } = state;
  checkModel(model, 'the converted model');
  const modelPath = join(request.outFolder, MODEL_FILE);
  const written = await writeModelFile(model, modelPath, writeOptionsOf(request.passes));
  const external = written.dataPath !== undefined;
  const modelConfig: ModelConfig = { modelFile: MODEL_FILE, external, modelAttributes, inferenceSettings: null };
  await writeModelConfig(request.outFolder, modelConfig);
  await loadOnce(written, request.runtime).catch((error: unknown) => {
    throw blameOn(request.passes.at(-1) ?? { type: 'conversion' }, error);
  });
  const names = [MODEL_FILE, ...(written.dataPath === undefined ? [] : [basename(written.dataPath)]), MODEL_CONFIG_FILE];
  const files = await Promise.all(names.map(async (path) => ({ path, sizeBytes: await sizeOfFiles(join(request.outFolder, path)) })));
  return { files, modelPath, modelConfig, resultBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

async function loadOnce({ modelPath }: WrittenModel, runtime: InferenceRuntime): Promise<void> {
  const settings = { optimizationLevel: 'disabled', intraOpThreads: 1 } as const;
  const session = await runtime.createSession({ model: { path: modelPath }, ep: 'CPUExecutionProvider', settings });
  await session.close();
}
