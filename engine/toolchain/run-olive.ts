import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { INSTALLATION_FOLDER } from '../../platform/installation.ts';
import { runProgram } from '../../platform/run-program.ts';
import { createSpawner } from '../../platform/spawner.ts';
import type { DataRows } from '../convert/conversion-data.ts';
import type { ConvertedPass } from '../convert/convert-request.ts';
import { sizeOfFiles } from '../convert/file-sizes.ts';
import { modelFacts, operatorChanges } from '../convert/model-facts.ts';
import { readModelFile } from '../onnx/read.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { oliveWorkflow } from './olive-workflow.ts';
import type { ToolchainPlace } from './openvino-worker.ts';

const RUNNER = join(INSTALLATION_FOLDER, 'engine', 'toolchain', 'olive', 'runner.py');
const MODEL_FILE = 'model.onnx';
/** Files beside the graph: weights, compiled contexts. */
const MAX_FILES = 64;

/** A conversion by Olive. Paths are absolute. */
export interface OliveRequest {
  readonly recipe: Recipe;
  readonly source: string;
  readonly rows: Readonly<Record<string, DataRows>>;
  readonly outFolder: string;
  /** Existing folder that goes with the attempt. */
  readonly workFolder: string;
  readonly toolchain: ToolchainPlace;
  readonly signal: AbortSignal;
  log(line: string): void;
}

export interface OliveResult {
  readonly modelPath: string;
  /** One line for the whole workflow: Olive does not tell of its passes what Grove's reports do. */
  readonly passes: readonly ConvertedPass[];
  readonly sourceBytes: number;
  readonly resultBytes: number;
}

/**
 * Runs the host passes of a recipe in Olive and lays its result out as a conversion: the graph as `model.onnx`, what it refers to beside it. The workflow runs in a process
 * without network, in a folder of its own. Throws `pass-failed` with Olive's words, or when it ends without a model, as it does for a pass it swallows.
 */
export async function convertWithOlive(request: OliveRequest, runtime: InferenceRuntime): Promise<OliveResult> {
  const started = performance.now();
  const { outFolder, workFolder, recipe, source } = request;
  const work = join(workFolder, 'olive');
  const output = join(work, 'output');
  await mkdir(work, { recursive: true });
  await runWorkflow(request, { work, output });
  await mkdir(outFolder, { recursive: true });
  const modelPath = await collect(output, outFolder);
  await rm(work, { recursive: true, force: true });
  await loadResult(modelPath, runtime);
  const facts = modelFacts(await readModelFile(modelPath));
  const none = modelFacts(undefined);
  const pass: ConvertedPass = {
    name: recipe.passes
      .map(({ name }) => name)
      .join(', ')
      .slice(0, 300),
    type: 'Olive',
    durationMs: performance.now() - started,
    ...{ nodesBefore: none.nodes, nodesAfter: facts.nodes, bytesBefore: none.bytes, bytesAfter: facts.bytes },
    ...{ operators: operatorChanges(none, facts), counts: {}, left: [] },
  };
  return { modelPath, passes: [pass], sourceBytes: await sizeOfFiles(source), resultBytes: await sizeOfFiles(outFolder) };
}

/** Proves the result as a native one is proven; what another provider compiled, only that one can load. */
async function loadResult(modelPath: string, runtime: InferenceRuntime): Promise<void> {
  const settings = { optimizationLevel: 'disabled', intraOpThreads: 1 } as const;
  try {
    const session = await runtime.createSession({ model: { path: modelPath }, ep: 'CPUExecutionProvider', settings });
    await session.close();
  } catch (error) {
    if (error instanceof GroveError && error.code === 'ep-bound-artifact') return;
    throw failed(`ONNX Runtime does not load its model: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const answerSchema = z.strictObject({ error: z.string().nullable() });

async function runWorkflow(request: OliveRequest, { work, output }: { readonly work: string; readonly output: string }): Promise<void> {
  const { recipe, source, rows, toolchain, signal, log } = request;
  const { document, scripts } = oliveWorkflow(recipe, { source, rows, output, cache: join(work, 'cache') });
  const config = join(work, 'workflow.json');
  await writeFile(config, JSON.stringify(document, null, 2));
  for (const [name, source] of Object.entries(scripts)) await writeFile(join(work, name), source);
  // Libraries keep caches in the home folder; it goes with the attempt.
  const env = { ...toolchain.env, HOME: work };
  const args = ['-I', '-B', RUNNER, String(process.pid), config];
  const end = await runProgram(createSpawner(), { file: toolchain.python, args, cwd: work, env }, { signal, onLine: log });
  const answer = answerSchema.safeParse(parsedJson(end.stdout.at(-1) ?? '')).data;
  if (answer === undefined)
    throw new GroveError('child-crashed', { stage: 'olive', how: `exit code ${end.code}: ${end.tail.at(-1) ?? 'no words'}` });
  if (answer.error !== null) throw failed(answer.error);
}

const modelConfigSchema = z.looseObject({
  config: z.looseObject({ model_path: z.string(), onnx_file_name: z.string().nullish() }),
});

/** Copies what Olive wrote. Only files of its output folder are taken, whatever `model_config.json` names. Throws `pass-failed`. */
async function collect(output: string, outFolder: string): Promise<string> {
  const text = await readFile(join(output, 'model_config.json'), 'utf8').catch(() => undefined);
  const parsed = modelConfigSchema.safeParse(text === undefined ? undefined : parsedJson(text)).data;
  if (parsed === undefined) throw failed('it ended without a model; the log says which pass stopped');
  const { model_path: path, onnx_file_name: name } = parsed.config;
  const graph = extname(path) === '.onnx' ? resolve(output, path) : resolve(output, path, name ?? MODEL_FILE);
  if (relative(output, graph).split(sep)[0] === '..') throw failed('its model lies outside its output folder');
  const beside = (await readdir(dirname(graph), { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
  const weights = beside.filter((entry) => !/\.(?:onnx|json|txt)$/.test(entry));
  if (weights.length > MAX_FILES) throw failed(`it wrote ${weights.length} files beside the model; ${MAX_FILES} are taken at most`);
  await copyFile(graph, join(outFolder, MODEL_FILE));
  for (const file of weights) await copyFile(join(dirname(graph), file), join(outFolder, file));
  return join(outFolder, MODEL_FILE);
}

function failed(problem: string): GroveError {
  return new GroveError('pass-failed', { type: 'Olive', problem });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
