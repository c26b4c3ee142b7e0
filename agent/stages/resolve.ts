import { join } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { DataEntry } from '../../domain/manifest.ts';
import type { ResolveSpec } from '../../domain/task.ts';
import { HubClient, type HubFile } from '../hub/hub-client.ts';
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
}

/** What a checkpoint folder needs: configuration, tokenizer and weights at the root; nothing else of the repository is fetched. */
const NEEDED_FILES =
  /^(?:(?:config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|preprocessor_config|model\.safetensors\.index)\.json|vocab\.(?:txt|json)|merges\.txt|spiece\.model|tokenizer\.model|model(?:-\d{5}-of-\d{5})?\.safetensors)$/;

/** Pins the model's revision, downloads what a conversion reads, and selects the rows of every data config the submitter gave no file for. */
export async function resolveSource(spec: ResolveSpec, context: TaskContext): Promise<ResolvedSource> {
  const hub = new HubClient(context.config.hub);
  const recipe = readRecipe(spec.recipe, null);
  const revision = await hub.pinModel(spec.modelId, spec.revision, context.signal);
  context.log(`${spec.modelId} is at ${revision}.`);
  const repo = { type: 'model', name: spec.modelId } as const;
  const needed = (await hub.list(repo, { revision, signal: context.signal })).filter(({ path }) => NEEDED_FILES.test(path));
  assertCheckpoint(spec.modelId, needed);
  await context.cache.assertSpace(sizeOf(needed));
  const files: Record<string, string> = {};
  let doneBytes = 0;
  for (const file of needed) {
    const observer = {
      signal: context.signal,
      onBytes: (bytes: number) => context.progress((doneBytes + bytes) / sizeOf(needed), file.path),
    };
    files[file.path] = await hub.download(repo, file, { revision, folder: join(context.folder, 'model'), observer });
    doneBytes += file.sizeBytes;
  }
  const data: Record<string, DataEntry> = { ...spec.localData };
  for (const config of dataConfigsOf(recipe)) {
    if (data[config.name] !== undefined) continue;
    const { path, entry } = await fetchDataRows(config, { hub, context });
    files[entry.path] = path;
    data[config.name] = entry;
  }
  return { spec, revision, files, data };
}

function assertCheckpoint(id: string, files: readonly HubFile[]): void {
  const has = (pattern: RegExp) => files.some(({ path }) => pattern.test(path));
  if (!has(/^config\.json$/)) throw new GroveError('model-access', { id, problem: 'the repository has no config.json' });
  if (!has(/\.safetensors$/))
    throw new GroveError('model-access', { id, problem: 'the repository has no model.safetensors; other weight formats are not read' });
}

function sizeOf(files: readonly HubFile[]): number {
  return Math.max(
    1,
    files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
}
