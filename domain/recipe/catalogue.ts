import { z } from 'zod';
import { GroveError, type Problem } from '../errors.ts';
import type { Sha256 } from '../json.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { parseRecipe } from './parse-recipe.ts';
import type { Recipe } from './recipe.ts';

const milliseconds = z.number().positive();

const publishedSchema = z.strictObject({
  latencyMs: z
    .strictObject({
      avg: milliseconds.exactOptional(),
      min: milliseconds.exactOptional(),
      max: milliseconds.exactOptional(),
      p90: milliseconds.exactOptional(),
    })
    .exactOptional(),
  /** Figures as published, with the unit their source gives: it need not be what they are. */
  throughput: z
    .strictObject({
      avg: z.number().positive().exactOptional(),
      max: z.number().positive().exactOptional(),
      min: z.number().positive().exactOptional(),
      unitAsPublished: z.string(),
    })
    .exactOptional(),
  similarity: z.number().min(-1).max(1).exactOptional(),
  /** null when the source does not say: no ratio is shown then. */
  hardware: z.string().nullable(),
  driver: z.string().nullable(),
  source: z.string().nullable(),
});

const entrySchema = z.strictObject({
  file: z.string().regex(/^[A-Za-z0-9._-]+\.json$/),
  /** Short name in the matrix. */
  label: z.string().min(1).max(40),
  title: z.string().min(1),
  precision: z.enum(['fp32', 'fp16', 'w8a16', 'int8', 'int4']),
  /** Below `minCosine` against the Reference a cell's state is `quality`. */
  quality: z.strictObject({ minCosine: z.number().min(-1).max(1) }),
  published: publishedSchema.nullable(),
});

/** A model's `model.json`. */
export const modelCardSchema = z.strictObject({
  schema: z.literal(1),
  modelId: z.string().min(1),
  title: z.string().min(1),
  summary: z.string(),
  licence: z.string().min(1),
  homepage: z.url().nullable(),
  /** [batch, tokens] at which inputs are bound. */
  inputShape: z.tuple([z.number().int().positive(), z.number().int().positive()]),
  recipes: z.array(entrySchema).min(1),
});

export type ModelCard = z.output<typeof modelCardSchema>;
/** Results somebody published for a recipe, as they were published. */
export type PublishedResults = z.output<typeof publishedSchema>;
/** What `model.json` says about one recipe. */
export type CatalogueEntry = z.output<typeof entrySchema>;

/** One file of the catalogue folder, already read. */
export interface CatalogueFile {
  /** Relative to the catalogue, with forward slashes: `ms-marco-MiniLM-L-6-v2/model.json`. */
  readonly path: string;
  readonly text: string;
}

export interface CatalogueRecipe {
  /** The path relative to the catalogue: also the recipeId of cells. */
  readonly id: string;
  readonly entry: CatalogueEntry;
  readonly model: ModelCard;
  readonly text: string;
  readonly recipe: Recipe;
  readonly warnings: readonly Problem[];
}

/** All recipes, in the order of the model cards. */
export interface Catalogue {
  readonly recipes: readonly CatalogueRecipe[];
}

/**
 * Builds the catalogue from its files: every `<folder>/model.json` and the recipes it names. Other files are left alone.
 * Throws `invalid-config` for a bad model card or a missing file, and what `parseRecipe` throws.
 */
export function loadCatalogue(files: readonly CatalogueFile[], sha256: Sha256): Catalogue {
  const byPath = new Map(files.map((file) => [file.path, file.text]));
  const cards = files.filter(({ path }) => path.endsWith('/model.json')).sort((a, b) => (a.path < b.path ? -1 : 1));
  return { recipes: cards.flatMap((card) => recipesOf(card, byPath, sha256)) };
}

function recipesOf(card: CatalogueFile, byPath: ReadonlyMap<string, string>, sha256: Sha256): readonly CatalogueRecipe[] {
  const model = readModelCard(card);
  const folder = card.path.slice(0, -'model.json'.length);
  return model.recipes.map((entry) => {
    const id = `${folder}${entry.file}`;
    const text = byPath.get(id);
    if (text === undefined)
      throw new GroveError('invalid-config', { where: card.path, problem: `names ${entry.file}, which does not exist` });
    return { id, entry, model, text, ...parseRecipe(text, { name: id, sha256 }) };
  });
}

function readModelCard({ path, text }: CatalogueFile): ModelCard {
  try {
    return modelCardSchema.parse(JSON.parse(text));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new GroveError('invalid-config', { where: path, problem }, { cause: error });
  }
}

/**
 * The recipe a person means: its id, its file name or its label, each with or without `.json`. Throws `unknown-recipe` with a suggestion, or
 * `invalid-argument` when several fit.
 */
export function findCatalogueRecipe(catalogue: Catalogue, name: string): CatalogueRecipe {
  const wanted = name.replace(/\.json$/, '');
  const names = ({ id, entry }: CatalogueRecipe): readonly string[] =>
    [id, entry.file, entry.label].map((known) => known.replace(/\.json$/, ''));
  const found = catalogue.recipes.filter((recipe) => names(recipe).includes(wanted));
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  if (only !== undefined)
    throw new GroveError('invalid-argument', { problem: `"${name}" fits ${found.map(({ id }) => id).join(', ')}: give the whole path` });
  const nearest = nearestName(wanted, catalogue.recipes.flatMap(names));
  throw new GroveError('unknown-recipe', { name, suggestion: nearest === undefined ? '' : `; perhaps ${nearest}` });
}
