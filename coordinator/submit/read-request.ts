import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { IMPORTED_ROWS } from '../../domain/imports.ts';
import { type JobModel, type JobSource, type JobSpec, MAX_JOB_RECIPES } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { DataEntry, FileMap } from '../../domain/manifest.ts';
import { type Catalogue, findCatalogueRecipe } from '../../domain/recipe/catalogue.ts';
import { type ParseRecipe, parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { setParameter } from '../../domain/recipe/set-parameter.ts';
import { type Condition, MAX_CONDITIONS, selectorOf } from '../../domain/selector/condition.ts';
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
  const chosen = readRecipes(request, context);
  const [model, ...moreModels] = readModels(request, chosen);
  const { data, dataFiles } = readData(request);
  return {
    schemaVersion: 1,
    recipes: chosen.map(({ ref }) => ref),
    ...model,
    data,
    dataFiles,
    coverage: request.on,
    where: readWhere(request.where),
    ...readSubstitution(request),
    tier: request.tier ?? 'standard',
    launches: request.launches ?? null,
    priority: request.priority ?? (isSweep(request) ? 'sweep' : 'interactive'),
    task: readTask(request, chosen),
    ...(request.minCosine !== undefined && { minCosine: request.minCosine }),
    strict: request.strict ?? false,
    waitForDevice: request.waitForDevice ?? false,
    ...(request.followForMs !== undefined && { followForMs: request.followForMs }),
    ...(request.deadlineMs !== undefined && { deadlineMs: request.deadlineMs }),
    ...(isSweep(request) && { sweep: { models: [model, ...moreModels], selectors: readSelectors(request) } }),
  };
}

/** One of the two at most: the other one would say nothing more. */
function readSubstitution({ substituteEp, substituteDevice }: SubmitRequest): Pick<JobSpec, 'substituteEp' | 'substituteDevice'> {
  if (substituteEp !== undefined && substituteDevice !== undefined)
    throw new GroveError('invalid-argument', { problem: 'substituteEp and substituteDevice exclude each other' });
  return { substituteEp: substituteEp ?? null, ...(substituteDevice !== undefined && { substituteDevice }) };
}

function isSweep({ models, selectors, variants }: SubmitRequest): boolean {
  return models !== undefined || selectors !== undefined || variants !== undefined;
}

function readSelectors({ where, selectors = [] }: SubmitRequest): Condition[][] {
  const base = readWhere(where).length;
  return selectors.map((selector) => {
    const conditions = readWhere(selector);
    if (base + conditions.length > MAX_CONDITIONS)
      throw invalid(`where and a selector have more than ${MAX_CONDITIONS} conditions together`);
    return conditions;
  });
}

/** The recipes, each as often as there are variants of it. */
function readRecipes({ recipes, set = [], variants }: SubmitRequest, context: ReadRequestContext): readonly Chosen[] {
  const base = applySettings(
    recipes.map((choice) => chooseRecipe(choice, context)),
    set,
    context,
  );
  if (variants === undefined) return base;
  if (base.length * variants.length > MAX_JOB_RECIPES)
    throw invalid(`${base.length} recipes in ${variants.length} variants are more than ${MAX_JOB_RECIPES}: split the sweep`);
  const varied = variants.flatMap((settings) => applyVariant(base, settings, context));
  return [...new Map(varied.map((one) => [`${one.ref.recipeId} ${one.ref.digest}`, one])).values()];
}

/** Recipe ids that fit the schema of one. */
const MAX_RECIPE_ID = 200;

/** A catalogue recipe with other settings is a row of its own that says which: a digest would not tell the rows of a sweep apart. */
function applyVariant(base: readonly Chosen[], settings: readonly string[], context: ReadRequestContext): readonly Chosen[] {
  return applySettings(base, settings, context).map((one, index) => {
    const { ref } = base[index] ?? one;
    const used = settings.filter((setting) => hasPass(one.recipe, setting)).map((setting) => ` --set ${setting}`);
    const recipeId = `${ref.recipeId}${used.join('')}`;
    const isNamed = !ref.recipeId.startsWith('adhoc:') && one.ref.recipeId.startsWith('adhoc:') && recipeId.length <= MAX_RECIPE_ID;
    return isNamed ? { ...one, ref: { ...one.ref, recipeId } } : one;
  });
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
    if (!current.some(({ recipe }) => hasPass(recipe, setting))) setParameter(current[0]?.recipe.document ?? {}, setting);
    return current.map((one) => (hasPass(one.recipe, setting) ? withSetting(one, setting, context) : one));
  }, chosen);
}

function hasPass({ passes }: Recipe, setting: string): boolean {
  const passName = setting.split('.', 1)[0] ?? '';
  return passes.some(({ name }) => name === passName);
}

function withSetting({ ref, recipe }: Chosen, setting: string, { catalogue, sha256, parse = parseRecipe }: ReadRequestContext): Chosen {
  const text = JSON.stringify(setParameter(recipe.document, setting), null, 2);
  const changed = parse(text, { name: ref.recipeId, sha256 }).recipe;
  return { ref: refOf(changed, text, catalogue), recipe: changed };
}

/** At least one. */
function readModels({ model, models, synthetic = false }: SubmitRequest, chosen: readonly Chosen[]): [JobModel, ...JobModel[]] {
  if (model !== undefined && models !== undefined) throw invalid('model and models exclude each other');
  const [first, ...more] = (models ?? (model === undefined ? [] : [model])).map((choice) => readModel(choice, synthetic));
  return first === undefined ? [{ source: modelOfRecipes(chosen), synthetic }] : [first, ...more];
}

function readModel(choice: NonNullable<SubmitRequest['model']>, synthetic: boolean): JobModel {
  if (choice.kind === 'hub') return { source: { kind: 'hub', modelId: choice.modelId, revision: choice.revision ?? null }, synthetic };
  return { source: { kind: 'uploaded', files: choice.files, origin: { kind: 'local' } }, synthetic: choice.synthetic ?? synthetic };
}

function modelOfRecipes(chosen: readonly Chosen[]): JobSource {
  const paths = new Set(chosen.map(({ recipe }) => recipe.inputModel.modelPath));
  const [modelId] = paths;
  if (paths.size !== 1) throw invalid('model is needed, because the recipes name different models');
  if (modelId === null || modelId === undefined || !HUB_ID.test(modelId))
    throw invalid(`model is needed, because the recipe names "${modelId ?? ''}"`);
  return { kind: 'hub', modelId, revision: null };
}

function readWhere(where: SubmitRequest['where'] = []): Condition[] {
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
