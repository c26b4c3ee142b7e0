import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { type DataEntry, NO_REVISION } from '../../domain/manifest.ts';
import { chooseGraph, filesOfGraph } from '../../domain/recipe/choose-graph.ts';
import { dataConfigsOf, dataNeeds } from '../../domain/recipe/conversion-data.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { DataConfig, Recipe } from '../../domain/recipe/recipe.ts';
import type { ResolveSpec } from '../../domain/task.ts';
import { HubClient } from '../hub/hub-client.ts';
import type { HubFile } from '../hub/hub-download.ts';
import type { TaskContext } from '../runner/stage.ts';
import type { LocalFiles } from '../transfer/upload.ts';
import { readRecipe } from './read-recipe.ts';
import { type FetchedRows, fetchDataRows, withImport } from './resolve-data.ts';

/** After `resolve`: a pinned model and its data, on this machine. */
export interface ResolvedSource {
  readonly spec: ResolveSpec;
  /** The commit the model was taken from; `NO_REVISION` for an imported one of which nobody knows it. */
  readonly revision: string;
  /** Manifest path -> path here. Files that are on the farm already are not among them. */
  readonly files: LocalFiles;
  readonly data: Readonly<Record<string, DataEntry>>;
  /** The commit each data config's rows were taken from. */
  readonly dataRevisions: Readonly<Record<string, string>>;
}

/** Configuration and tokenizer at the root; nothing else of a repository is fetched than these and the model itself. */
const CONFIGURATION =
  /^(?:(?:config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|preprocessor_config|model\.safetensors\.index)\.json|vocab\.(?:txt|json)|merges\.txt|spiece\.model|tokenizer\.model)$/;
const WEIGHTS = /^model(?:-\d{5}-of-\d{5})?\.safetensors$/;

/**
 * Pins the model's revision and downloads what a conversion reads, unless it was imported, and selects the rows of every data config that nobody gave a
 * file for. Throws `model-access`; `unsupported-data` for rows.
 */
export async function resolveSource(spec: ResolveSpec, context: TaskContext): Promise<ResolvedSource> {
  const recipe = readRecipe(spec.recipe, null);
  if (context.config.hub.isOff) throw hubIsOff(spec, recipe);
  const hub = new HubClient(context.config.hub);
  context.atEnd(() => hub.close());
  const { revision, files } =
    spec.modelFiles === undefined ? await pinModel(spec, recipe, { hub, context }) : { revision: spec.revision ?? NO_REVISION, files: {} };
  return { spec, revision, ...(await addRows(spec, recipe, { hub, context, files })) };
}

/** What stays undone without a hub, and how it is done otherwise. */
function hubIsOff({ modelId, modelFiles, localData }: ResolveSpec, recipe: Recipe): GroveError {
  const problem = 'the hub is switched off on this agent';
  const missing = dataConfigsOf(recipe).find(({ name }) => !Object.hasOwn(localData, name));
  return modelFiles === undefined || missing === undefined
    ? new GroveError('model-access', { id: modelId, problem })
    : new GroveError('unsupported-data', { name: missing.name, problem: withImport(missing, problem) });
}

async function pinModel(
  { modelId, revision: asked }: ResolveSpec,
  recipe: Recipe,
  { hub, context }: Services,
): Promise<Pick<ResolvedSource, 'revision' | 'files'>> {
  const revision = await hub.pinModel(modelId, asked, context.signal);
  context.log(`${modelId} is at ${revision}.`);
  return { revision, files: await fetchModel({ modelId, revision, recipe }, { hub, context }) };
}

/** The model's files and, beside them, the rows. */
async function addRows(
  spec: ResolveSpec,
  recipe: Recipe,
  { hub, context, files: modelFiles }: Services & Pick<ResolvedSource, 'files'>,
): Promise<Pick<ResolvedSource, 'files' | 'data' | 'dataRevisions'>> {
  const files: Record<string, string> = { ...modelFiles };
  const data: Record<string, DataEntry> = { ...spec.localData };
  const dataRevisions: Record<string, string> = {};
  for (const config of dataConfigsOf(recipe)) {
    if (data[config.name] !== undefined) continue;
    const rows = await fetchDataRows(config, { hub, context }).catch(unlessNeeded(config, { spec, recipe, context }));
    if (rows === undefined) continue;
    files[rows.entry.path] = rows.path;
    data[config.name] = rows.entry;
    dataRevisions[config.name] = rows.revision;
  }
  return { files, data, dataRevisions };
}

/**
 * An imported model runs without a hub: rows that only tell how good it is do not keep it from running. Returns undefined for those, and throws what
 * failed for all others.
 */
function unlessNeeded(
  config: DataConfig,
  { spec, recipe, context }: { readonly spec: ResolveSpec; readonly recipe: Recipe; readonly context: TaskContext },
): (cause: unknown) => FetchedRows | undefined {
  return (cause) => {
    context.signal.throwIfAborted();
    if (spec.modelFiles === undefined || !(cause instanceof GroveError)) throw cause;
    if (dataNeeds(planConversion(recipe).host).some(({ name }) => name === config.name)) throw cause;
    context.log(`Data config ${config.name}: quality is not measured with its rows. ${cause.message}`);
    return undefined;
  };
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
