import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { IMPORTED_ROWS } from '../../domain/imports.ts';
import type { JobSource, JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { DataEntry, FileMap } from '../../domain/manifest.ts';
import { type Catalogue, findCatalogueRecipe } from '../../domain/recipe/catalogue.ts';
import { type ParseRecipe, parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { setParameter } from '../../domain/recipe/set-parameter.ts';
import { selectorOf } from '../../domain/selector/condition.ts';
import { readConditions } from '../../domain/selector/parse.ts';
import type { RecipeRef } from '../../domain/task.ts';

export interface ReadRequestContext {
  readonly catalogue: Catalogue;
  readonly sha256: Sha256;
  /** Default: reads each recipe's text anew. */
  readonly parse?: ParseRecipe;
}

type Chosen = { readonly ref: RecipeRef; readonly recipe: Recipe };

/** A Hugging Face model id: `owner/name`, or a bare name of the early ones. */
const HUB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/;

/**
 * What the submitter asked for as the document that is stored, with every default filled in. Throws `unknown-recipe`, `invalid-request`,
 * `invalid-argument` and what `parseRecipe` throws.
 */
export function readSubmitRequest(request: SubmitRequest, context: ReadRequestContext): JobSpec {
  const chosen = applySettings(
    request.recipes.map((choice) => chooseRecipe(choice, context)),
    request.set ?? [],
    context,
  );
  const { data, dataFiles } = readData(request);
  return {
    schemaVersion: 1,
    recipes: chosen.map(({ ref }) => ref),
    source: readSource(request, chosen),
    data,
    dataFiles,
    synthetic: request.synthetic ?? false,
    coverage: request.on,
    where: readWhere(request.where),
    substituteEp: request.substituteEp ?? null,
    tier: request.tier ?? 'standard',
    launches: request.launches ?? null,
    priority: request.priority ?? 'interactive',
    task: readTask(request, chosen),
    ...(request.minCosine !== undefined && { minCosine: request.minCosine }),
    strict: request.strict ?? false,
    waitForDevice: request.waitForDevice ?? false,
  };
}

function chooseRecipe(choice: SubmitRequest['recipes'][number], { catalogue, sha256, parse = parseRecipe }: ReadRequestContext): Chosen {
  if ('catalogueId' in choice) {
    const { id, text, recipe } = findCatalogueRecipe(catalogue, choice.catalogueId);
    return { ref: { recipeId: id, digest: recipe.digest, text }, recipe };
  }
  const { recipe } = parse(choice.text, { name: choice.name, sha256 });
  return { ref: refOf(recipe, choice.text, catalogue), recipe };
}

/** A file equal to a catalogue entry is that entry, whatever its name. */
function refOf(recipe: Recipe, text: string, catalogue: Catalogue): RecipeRef {
  const same = catalogue.recipes.find((entry) => entry.recipe.digest === recipe.digest);
  return { recipeId: same?.id ?? `adhoc:${recipe.digest.slice(0, 12)}`, digest: recipe.digest, text };
}

/** Each setting goes to the recipes that have its pass; one that no recipe has is refused. */
function applySettings(chosen: readonly Chosen[], settings: readonly string[], context: ReadRequestContext): readonly Chosen[] {
  return settings.reduce((current, setting) => {
    const passName = setting.split('.', 1)[0] ?? '';
    const hits = (recipe: Recipe): boolean => recipe.passes.some(({ name }) => name === passName);
    if (!current.some(({ recipe }) => hits(recipe))) setParameter(current[0]?.recipe.document ?? {}, setting);
    return current.map((one) => (hits(one.recipe) ? withSetting(one, setting, context) : one));
  }, chosen);
}

function withSetting({ ref, recipe }: Chosen, setting: string, { catalogue, sha256, parse = parseRecipe }: ReadRequestContext): Chosen {
  const text = JSON.stringify(setParameter(recipe.document, setting), null, 2);
  const changed = parse(text, { name: ref.recipeId, sha256 }).recipe;
  return { ref: refOf(changed, text, catalogue), recipe: changed };
}

function readSource(request: SubmitRequest, chosen: readonly Chosen[]): JobSource {
  const { model } = request;
  if (model?.kind === 'uploaded') return { kind: 'uploaded', files: model.files, origin: { kind: 'local' } };
  if (model?.kind === 'hub') return { kind: 'hub', modelId: model.modelId, revision: model.revision ?? null };
  const paths = new Set(chosen.map(({ recipe }) => recipe.inputModel.modelPath));
  const [modelId] = paths;
  if (paths.size !== 1) throw invalid('model is needed, because the recipes name different models');
  if (modelId === null || modelId === undefined || !HUB_ID.test(modelId))
    throw invalid(`model is needed, because the recipe names "${modelId ?? ''}"`);
  return { kind: 'hub', modelId, revision: null };
}

function readWhere(where: SubmitRequest['where'] = []): JobSpec['where'] {
  return Array.isArray(where) ? readConditions(where) : selectorOf(where);
}

/** The recipe's own task is no replacement: it must not make another matrix row. */
function readTask({ task }: SubmitRequest, chosen: readonly Chosen[]): string | null {
  if (task === undefined || chosen.every(({ recipe }) => recipe.inputModel.task === task)) return null;
  return task;
}

/** Rows lie under `data/` in a source manifest, so that no data file can take the place of a model file. */
function readData({ data = {}, dataFiles = {} }: SubmitRequest): { data: JobSpec['data']; dataFiles: FileMap } {
  const entries = Object.entries(data).map(([name, { path, ...read }]): [string, DataEntry] => {
    if (!Object.hasOwn(dataFiles, path)) throw invalid(`data.${name}.path "${path}" is not among dataFiles`);
    return [name, { path: underData(path), origin: 'local', ...read }];
  });
  const files = Object.entries(dataFiles).map(([path, blob]): [string, FileMap[string]] => [underData(path), blob]);
  return { data: Object.fromEntries(entries), dataFiles: Object.fromEntries(files) };
}

function underData(path: string): string {
  const placed = path.startsWith('data/') ? path : `data/${path}`;
  if (placed.startsWith(IMPORTED_ROWS)) throw invalid(`dataFiles "${path}" lies under ${IMPORTED_ROWS}, which is kept for imported rows`);
  return placed;
}

function invalid(problem: string): GroveError {
  return new GroveError('invalid-request', { problem });
}
