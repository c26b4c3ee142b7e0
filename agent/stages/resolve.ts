import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { DataEntry } from '../../domain/manifest.ts';
import { chooseGraph, filesOfGraph } from '../../domain/recipe/choose-graph.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import type { ResolveSpec } from '../../domain/task.ts';
import { HubClient } from '../hub/hub-client.ts';
import type { HubFile } from '../hub/hub-download.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { LocalFiles } from '../transfer/upload.ts';
import { readRecipe } from './read-recipe.ts';
import { dataConfigsOf, fetchDataRows } from './resolve-data.ts';

/** After `resolve`: a pinned model and its data, on this machine. */
export interface ResolvedSource {
  readonly spec: ResolveSpec;
  /** The commit the model was taken from. */
  readonly revision: string;
  /** Manifest path -> path here. Files the submitter uploaded are not among them. */
  readonly files: LocalFiles;
  readonly data: Readonly<Record<string, DataEntry>>;
  /** The commit each data config's rows were taken from. */
  readonly dataRevisions: Readonly<Record<string, string>>;
}

/** Configuration and tokenizer at the root; nothing else of a repository is fetched than these and the model itself. */
const CONFIGURATION =
  /^(?:(?:config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|preprocessor_config|model\.safetensors\.index)\.json|vocab\.(?:txt|json)|merges\.txt|spiece\.model|tokenizer\.model)$/;
const WEIGHTS = /^model(?:-\d{5}-of-\d{5})?\.safetensors$/;

/** Pins the model's revision, downloads what a conversion reads, and selects the rows of every data config the submitter gave no file for. */
export async function resolveSource(spec: ResolveSpec, context: TaskContext): Promise<ResolvedSource> {
  if (context.config.hub.isOff)
    throw new GroveError('model-access', { id: spec.modelId, problem: 'the hub is switched off on this agent' });
  const hub = new HubClient(context.config.hub);
  context.atEnd(() => hub.close());
  const recipe = readRecipe(spec.recipe, null);
  const revision = await hub.pinModel(spec.modelId, spec.revision, context.signal);
  context.log(`${spec.modelId} is at ${revision}.`);
  const files: Record<string, string> = await fetchModel({ modelId: spec.modelId, revision, recipe }, { hub, context });
  const data: Record<string, DataEntry> = { ...spec.localData };
  const dataRevisions: Record<string, string> = {};
  for (const config of dataConfigsOf(recipe)) {
    if (data[config.name] !== undefined) continue;
    const { path, entry, revision: dataRevision } = await fetchDataRows(config, { hub, context });
    files[entry.path] = path;
    data[config.name] = entry;
    dataRevisions[config.name] = dataRevision;
  }
  return { spec, revision, files, data, dataRevisions };
}

interface HubModel {
  readonly modelId: string;
  readonly revision: string;
  readonly recipe: Recipe;
}

interface Services {
  readonly hub: HubClient;
  readonly context: TaskContext;
}

/** The files a conversion reads, laid out in one folder. Returns manifest path -> path here. */
async function fetchModel({ modelId, revision, recipe }: HubModel, { hub, context }: Services): Promise<Record<string, string>> {
  const repo = { type: 'model', name: modelId } as const;
  const listed = await hub.list(repo, { revision, signal: context.signal });
  const needed = neededFiles(modelId, recipe, listed);
  const totalBytes = Math.max(
    1,
    needed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  await context.cache.assertSpace(totalBytes);
  const files: Record<string, string> = {};
  let doneBytes = 0;
  for (const file of needed) {
    const path = join(context.folder, 'model', ...file.path.split('/'));
    const onBytes = (bytes: number) => context.progress((doneBytes + bytes) / totalBytes, file.path);
    const download = (to: string) => hub.download(repo, file, { revision, path: to, observer: { signal: context.signal, onBytes } });
    await (file.digest.kind === 'sha256' ? throughCache({ file, sha256: file.digest.hex, download }, context) : download(path));
    files[file.path] = path;
    doneBytes += file.sizeBytes;
  }
  return files;
}

interface CachedFile {
  readonly file: HubFile;
  readonly sha256: string;
  download(path: string): Promise<void>;
}

/** Large files go through the agent's cache: a later attempt, or another model that shares them, continues or finds them. */
async function throughCache({ file, sha256, download }: CachedFile, context: TaskContext): Promise<void> {
  const blob = { sha256, sizeBytes: file.sizeBytes };
  context.atEnd(context.cache.pin([blob]));
  await context.cache.ensure(blob, (_, partial) => download(partial), context.signal);
  await context.cache.place({ [file.path]: blob }, join(context.folder, 'model'));
  context.log(`${file.path}: ${file.sizeBytes} bytes.`);
}

/** The repository's files that this recipe converts from: a checkpoint, or an ONNX model with what lies beside it. */
function neededFiles(id: string, { inputModel }: Recipe, listed: readonly HubFile[]): readonly HubFile[] {
  if (inputModel.type === 'HfModel') return checkpointFiles(id, listed);
  if (inputModel.type === 'ONNXModel') return onnxFiles(id, inputModel, listed);
  throw new GroveError('model-access', { id, problem: `input models of type ${inputModel.type} are not fetched from a hub` });
}

function checkpointFiles(id: string, listed: readonly HubFile[]): readonly HubFile[] {
  const needed = listed.filter(({ path }) => CONFIGURATION.test(path) || WEIGHTS.test(path));
  if (!needed.some(({ path }) => path === 'config.json'))
    throw new GroveError('model-access', { id, problem: 'the repository has no config.json' });
  if (!needed.some(({ path }) => WEIGHTS.test(path)))
    throw new GroveError('model-access', { id, problem: 'the repository has no model.safetensors; other weight formats are not read' });
  return needed;
}

/** The graph the recipe names, or the one that can be meant, with its data files. */
function onnxFiles(id: string, inputModel: Recipe['inputModel'], listed: readonly HubFile[]): readonly HubFile[] {
  const paths = listed.map(({ path }) => path);
  const choice = chooseGraph({ ...inputModel, modelPath: null }, paths);
  if ('problem' in choice) throw new GroveError('model-access', { id, problem: choice.problem });
  const parts = new Set(filesOfGraph(choice.graph, paths));
  return listed.filter(({ path }) => CONFIGURATION.test(path) || parts.has(path));
}
