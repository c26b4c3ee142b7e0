import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { isNativePassType } from '../../domain/passes/registry.ts';
import { dataNeeds } from '../../domain/recipe/conversion-data.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import { createSpawner } from '../../platform/spawner.ts';
import { type ArrivingCheckpoint, openAhead } from '../export/checkpoint.ts';
import type { Model } from '../graph/model.ts';
import { checkModel } from '../onnx/check.ts';
import { type WrittenModel, writeModelFile } from '../onnx/write.ts';
import { ENCAPSULATED_FILE } from '../passes/openvino/encapsulation.ts';
import { binPath } from '../passes/openvino/ir.ts';
import type {
  HostPass,
  ModelForm,
  OpenVinoContext,
  OpenVinoModel,
  Pass,
  PassContext,
  PassFinding,
  PassReport,
  PassResult,
  PassSource,
} from '../passes/pass.ts';
import { PASSES } from '../passes/registry.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { type ScratchModels, withScratch } from '../runtime/scratch-models.ts';
import { OpenVinoWorker } from '../toolchain/openvino-worker.ts';
import { type CompiledParts, copyCompiledParts } from './compiled-parts.ts';
import { type DataReader, openData } from './conversion-data.ts';
import type { ConvertedPass, ConvertFinding, ConvertRequest, ConvertResult } from './convert-request.ts';
import { sizeOfFiles } from './file-sizes.ts';
import { MODEL_CONFIG_FILE, type ModelConfig, writeModelConfig } from './model-config.ts';
import { type ModelFacts, modelFacts, operatorChanges } from './model-facts.ts';
import { modelFindings } from './model-findings.ts';
import { openSource } from './open-source.ts';
import { RowTally } from './row-tally.ts';
import { writeOptionsOf } from './write-options.ts';

/** File name of a conversion's graph, as Olive names it. */
const MODEL_FILE = 'model.onnx';

/** Kinds of things a pass left alone that a report lists. */
const MAX_LEFT_ALONE = 50;

/** The model between passes: a graph, OpenVINO's own form, or a graph that refers to such a one. */
type State = { readonly modelAttributes: Readonly<Record<string, unknown>> } & (
  | {
      readonly form: 'onnx';
      readonly model: Model;
      readonly encapsulated: OpenVinoModel | null;
      /** Parts that came compiled. Absent: none. */
      readonly compiled?: CompiledParts | null;
    }
  | { readonly form: 'openvino'; readonly model: OpenVinoModel }
);

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
  const checkpoint = beginsWithExport(request) ? openAhead(request.source) : undefined;
  // Told by the pass that wants it, behind whatever is wrong before.
  checkpoint?.catch(() => undefined);
  const worker = openVinoWorker(request);
  try {
    return await runPasses({ ...request, scratch, checkpoint, worker });
  } finally {
    worker?.close();
    await checkpoint?.then((opened) => opened.checkpoint.close()).catch(() => undefined);
  }
}

function beginsWithExport({ passes: [first], inputModel }: ConvertRequest): boolean {
  const kind = first && implementationOf(first)?.kind;
  return kind === 'export' || (kind === 'openvino' && inputModel.type === 'HfModel');
}

/** Undefined when no pass wants one. Throws `unsupported-pass` when one does and this machine has none. */
function openVinoWorker({ passes, openvino, scratchFolder, signal, onEvent }: ConvertRequest): OpenVinoWorker | undefined {
  const wanting = passes.find(({ known }) => known === 'openvino');
  if (wanting === undefined) return undefined;
  const { type, path } = wanting;
  const detail = " without OpenVINO's toolchain, which is not installed on this machine";
  if (openvino === undefined) throw new GroveError('unsupported-pass', { type, path, detail });
  const log = (line: string) => onEvent({ kind: 'log', line: `openvino: ${line}` });
  return new OpenVinoWorker(openvino, { spawner: createSpawner(), cwd: scratchFolder ?? tmpdir(), signal, log });
}

async function runPasses(request: Prepared): Promise<ConvertResult> {
  const { passes, outFolder, exportFolder, scratch, signal } = request;
  const tally = new RowTally(request.data?.configs ?? []);
  const { read, tokenizer } = await openData(dataNeeds(passes), request.data);
  const run: Run = { ...request, read: tally.counting(read) };
  await mkdir(outFolder, { recursive: true });
  const reports: ConvertedPass[] = [];
  const findings: ConvertFinding[] = [];
  const opened = await openSource(request.inputModel, request.source);
  let state: State | undefined = opened && { form: 'onnx', encapsulated: null, ...opened };
  // What a provider compiled runs on no other: nothing could be compared with it.
  let exportPath: string | null = opened === undefined || opened.compiled !== null ? null : await keepExport(opened.model, exportFolder);
  for (const [index, pass] of passes.entries()) {
    signal.throwIfAborted();
    request.onEvent({ kind: 'pass-started', name: pass.name, type: pass.type, index, count: passes.length });
    const step = await runPass(pass, state, run);
    reports.push(step.report);
    findings.push(...step.findings);
    request.onEvent({ kind: 'pass-finished', report: step.report });
    if (step.exported !== undefined) {
      if (passes.slice(index + 1).some(writesScratch)) scratch.writeAhead(step.exported);
      exportPath = await keepExport(step.exported, exportFolder);
    }
    state = step.state;
  }
  const final = onnxStateOf(state);
  findings.push(
    ...tally.findings(),
    ...(await modelFindings(request, {
      modelAttributes: final.modelAttributes,
      tokenizer: request.data?.tokenizerFolder === request.source ? tokenizer : undefined,
    })),
  );
  const written = await writeResult(final, request);
  return {
    ...written,
    exportPath,
    passes: reports,
    findings,
    sourceBytes: await sizeOfFiles(request.source),
  };
}

/** What is written: a benchmark loads ONNX files. Throws `unsupported-input` when the recipe makes none. */
function onnxStateOf(state: State | undefined): OnnxState {
  if (state?.form === 'onnx') return state;
  const problem =
    state === undefined
      ? 'the recipe has no pass that makes an ONNX model of the checkpoint'
      : "the recipe ends with a model in OpenVINO's form, which ONNX Runtime does not load: put OpenVINOEncapsulation behind";
  throw new GroveError('unsupported-input', { problem });
}

type OnnxState = Extract<State, { readonly form: 'onnx' }>;

async function keepExport(model: Model, folder: string | null): Promise<string | null> {
  if (folder === null) return null;
  await mkdir(folder, { recursive: true });
  const written = await writeModelFile(model, join(folder, MODEL_FILE), { saveAsExternalData: true });
  return written.modelPath;
}

interface Step {
  readonly state: State;
  /** The graph that this pass made of the checkpoint. */
  readonly exported?: Model;
  readonly report: ConvertedPass;
  readonly findings: readonly ConvertFinding[];
}

/** A conversion with what is made ready for it. */
interface Prepared extends ConvertRequest {
  readonly scratch: ScratchModels;
  readonly checkpoint: Promise<ArrivingCheckpoint> | undefined;
  /** Undefined when no pass wants it. */
  readonly worker: OpenVinoWorker | undefined;
}

/** A conversion whose data has been checked. */
interface Run extends Prepared {
  readonly read: DataReader;
}

async function runPass(pass: RecipePass, state: State | undefined, run: Run): Promise<Step> {
  const started = performance.now();
  // Before the pass runs: it may change the model in place.
  const before = factsOf(state);
  const { report: told, ...result } = await resultOf(pass, state, run);
  const { counts, findings, left = [] } = told;
  const durationMs = performance.now() - started;
  const after = factsOf(result.state);
  return {
    ...result,
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

/** Of OpenVINO's form only sizes are known; of a graph that refers to one, what it refers to counts. */
function factsOf(state: State | undefined): ModelFacts {
  const openVino = state?.form === 'onnx' ? state.encapsulated : (state?.model ?? null);
  if (openVino === null) return modelFacts(state?.form === 'onnx' ? state.model : undefined);
  const { sizeBytes, description } = openVino;
  return { nodes: description.operations, bytes: sizeBytes, operators: new Map() };
}

/** A finding is shown where the author wrote the parameter it is about; one left to its default has no other place than the pass. */
function pathOf({ param, member = '' }: PassFinding, { path, writtenAt }: RecipePass): string {
  const written = param === undefined ? undefined : writtenAt[param];
  return written === undefined ? path : `${written}${member}`;
}

type Outcome = Pick<Step, 'state' | 'exported'> & { readonly report: PassReport };

async function resultOf(pass: RecipePass, state: State | undefined, run: Run): Promise<Outcome> {
  const implementation = hostPassOf(pass);
  const context = contextOf(pass, state, run);
  const known = state?.modelAttributes ?? {};
  switch (implementation.kind) {
    case 'export': {
      if (state !== undefined) throw failed(pass, 'the input is an ONNX model already');
      const result = await runWith(implementation, pass, (params) => implementation.run(sourceOf(run), params, context));
      return { ...onnxOutcome(result, known, null), exported: result.model };
    }
    case 'graph': {
      if (state?.form !== 'onnx') throw failed(pass, 'it needs an ONNX model: put OnnxConversion before it');
      if (state.encapsulated !== null)
        throw failed(pass, "the model is wrapped in OpenVINO's form: put this pass before the conversion to it");
      if (state.compiled != null) throw failed(pass, 'an execution provider has compiled the model: put this pass before that');
      return onnxOutcome(await runWith(implementation, pass, (params) => implementation.run(state.model, params, context)), known, null);
    }
    case 'openvino': {
      const input: ModelForm = state ?? { form: 'checkpoint', source: sourceOf(run) };
      const openVino = { ...context, ...openVinoParts(pass, run) };
      const result = await runWith(implementation, pass, (params) => implementation.run(input, params, openVino));
      const { model, modelAttributes = known, exported, report } = result;
      return { state: { form: 'openvino', model, modelAttributes }, report, ...(exported !== undefined && { exported }) };
    }
    case 'encapsulation': {
      if (state?.form !== 'openvino')
        throw failed(pass, 'it needs an OpenVINO model: put OpenVINOConversion or OpenVINOOptimumConversion before it');
      const openVino = { ...context, ...openVinoParts(pass, run) };
      const result = await runWith(implementation, pass, (params) => implementation.run(state.model, params, openVino));
      return onnxOutcome(result, known, state.model);
    }
  }
}

function onnxOutcome(
  { model, modelAttributes, report }: PassResult,
  known: State['modelAttributes'],
  encapsulated: OpenVinoModel | null,
): Outcome {
  return { state: { form: 'onnx', model, encapsulated, modelAttributes: modelAttributes ?? known }, report };
}

function sourceOf({ source, checkpoint, inputModel }: Run): PassSource {
  return { folder: source, checkpoint, task: inputModel.task, config: inputModel.config };
}

function openVinoParts(pass: RecipePass, { worker, scratch }: Run): Pick<OpenVinoContext, 'worker' | 'scratch'> {
  if (worker === undefined) throw failed(pass, "OpenVINO's toolchain does not run");
  return { worker, scratch };
}

/** Parameters travel as JSON inside a recipe; the pass's own schema gives them their type back. */
function runWith<Result>(
  implementation: Pick<Pass, 'manifest'>,
  pass: RecipePass,
  run: (params: unknown) => Promise<Result>,
): Promise<Result> {
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
  return isNativePassType(type) && known !== 'olive' ? PASSES[type] : undefined;
}

function hostPassOf(pass: RecipePass): HostPass {
  const { type, path, detail } = pass;
  const implementation = implementationOf(pass);
  if (implementation === undefined) throw new GroveError('unsupported-pass', { type, path, detail });
  if (implementation.kind === 'session' || implementation.kind === 'compile')
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
  { model, modelAttributes, encapsulated, compiled = null }: OnnxState,
  request: ConvertRequest,
): Promise<Pick<ConvertResult, 'files' | 'modelPath' | 'modelConfig' | 'resultBytes'>> {
  checkModel(model, 'the converted model');
  const modelPath = join(request.outFolder, MODEL_FILE);
  const written = await writeModelFile(model, modelPath, writeOptionsOf(request.passes));
  const external = written.dataPath !== undefined;
  const modelConfig: ModelConfig = { modelFile: MODEL_FILE, external, modelAttributes, inferenceSettings: null };
  await writeModelConfig(request.outFolder, modelConfig);
  const own = [MODEL_FILE, ...(written.dataPath === undefined ? [] : [basename(written.dataPath)])];
  const beside = [
    ...(encapsulated === null ? [] : await copyEncapsulated(encapsulated, request.outFolder)),
    ...(compiled === null ? [] : await copyCompiledParts(compiled, request.outFolder, [...own, MODEL_CONFIG_FILE])),
  ];
  // What OpenVINO alone can load, it has loaded where it was wrapped; what a provider compiled, that provider alone can load.
  if (encapsulated === null && compiled === null) {
    await loadOnce(written, request.runtime).catch((error: unknown) => {
      throw blameOn(request.passes.at(-1) ?? { type: 'conversion' }, error);
    });
  }
  const names = [...own, ...beside, MODEL_CONFIG_FILE];
  const files = await Promise.all(names.map(async (path) => ({ path, sizeBytes: await sizeOfFiles(join(request.outFolder, path)) })));
  return { files, modelPath, modelConfig, resultBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** The model that the ONNX file refers to, beside it. Returns the names of its files. */
async function copyEncapsulated({ xmlPath }: OpenVinoModel, outFolder: string): Promise<readonly string[]> {
  const binFile = binPath(ENCAPSULATED_FILE);
  await copyFile(xmlPath, join(outFolder, ENCAPSULATED_FILE));
  await copyFile(binPath(xmlPath), join(outFolder, binFile));
  return [ENCAPSULATED_FILE, binFile];
}

async function loadOnce({ modelPath }: WrittenModel, runtime: InferenceRuntime): Promise<void> {
  const settings = { optimizationLevel: 'disabled', intraOpThreads: 1 } as const;
  const session = await runtime.createSession({ model: { path: modelPath }, ep: 'CPUExecutionProvider', settings });
  await session.close();
}
