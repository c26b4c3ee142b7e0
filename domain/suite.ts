import { z } from 'zod';
import { GroveError } from './errors.ts';
import { coverageSchema, substituteDeviceSchema } from './job.ts';
import { deviceNameSchema, nameSchema, tierSchema } from './names.ts';
import { type Catalogue, type CatalogueFile, findCatalogueRecipe } from './recipe/catalogue.ts';
import { setParameter } from './recipe/set-parameter.ts';
import { MAX_CONDITIONS, selectorSchema } from './selector/condition.ts';
import { readConditions } from './selector/parse.ts';

/** One submit of a suite: recipes x model x devices x tier. Members left out take the default of a submit. */
const suiteSubmitSchema = z.strictObject({
  /** Entries of the catalogue: id, file name or label. */
  recipes: z.array(z.string().min(1).max(200)).min(1).max(64),
  /** Default: the hub model that the recipes name. */
  model: z.strictObject({ modelId: z.string().min(1).max(200), revision: z.string().min(1).max(100).exactOptional() }).exactOptional(),
  /** Which devices, unless a run or a pin says otherwise. */
  on: coverageSchema.default('each-device-model'),
  where: z.array(z.string().min(1).max(8_000)).max(MAX_CONDITIONS).default([]),
  substituteEp: z.enum(['cpu']).exactOptional(),
  substituteDevice: substituteDeviceSchema.exactOptional(),
  tier: tierSchema.default('standard'),
  launches: z.int().min(1).max(64).exactOptional(),
  task: z.string().min(1).max(60).exactOptional(),
  /** `pass.parameter=value`, each for the recipes that have the pass. */
  set: z.array(z.string().max(1_000)).max(100).default([]),
});
export type SuiteSubmit = z.infer<typeof suiteSubmitSchema>;

const MAX_SUITE_SUBMITS = 16;

const suiteFileSchema = z.strictObject({
  schema: z.literal(1),
  title: z.string().min(1).max(200),
  summary: z.string().max(1_000).default(''),
  submits: z.array(suiteSubmitSchema).min(1).max(MAX_SUITE_SUBMITS),
});

/** A named list of submits: `recipes/suites/<name>.json`. */
export type Suite = z.infer<typeof suiteFileSchema> & { readonly name: string };

/** A suite that runs again on devices whose environment changes. */
export const pinSchema = z.strictObject({
  suite: nameSchema,
  /** Devices by name; null: every device that fits. */
  units: z.array(deviceNameSchema).min(1).max(256).nullable(),
  /** What a device must have beside what the recipes need. */
  where: selectorSchema,
  by: nameSchema,
  since: z.number().min(0),
});
export type Pin = z.infer<typeof pinSchema>;

const FOLDER = 'suites/';

/**
 * The suites among the files of a catalogue, by name. Recipes are named by their ids afterwards. Throws `invalid-config` for a file that is no suite, a
 * recipe that the catalogue does not have, a setting that no recipe of its submit has, and a condition that means nothing: a suite that would be
 * refused whenever it runs is found when it is read.
 */
export function loadSuites(files: readonly CatalogueFile[], catalogue: Catalogue): readonly Suite[] {
  const suites = files.filter(({ path }) => path.startsWith(FOLDER)).map((file) => readSuite(file, catalogue));
  return suites.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readSuite({ path, text }: CatalogueFile, catalogue: Catalogue): Suite {
  try {
    const name = nameSchema.parse(path.slice(FOLDER.length).replace(/\.json$/, ''));
    const { submits, ...suite } = suiteFileSchema.parse(JSON.parse(text));
    return { name, ...suite, submits: submits.map((submit) => checkSubmit(submit, catalogue)) };
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error);
    throw new GroveError('invalid-config', { where: path, problem }, { cause: error });
  }
}

function checkSubmit(submit: SuiteSubmit, catalogue: Catalogue): SuiteSubmit {
  readConditions(submit.where);
  const found = submit.recipes.map((name) => findCatalogueRecipe(catalogue, name));
  for (const setting of submit.set) checkSetting(setting, found);
  return { ...submit, recipes: found.map(({ id }) => id) };
}

/** One recipe that takes it is enough. */
function checkSetting(setting: string, recipes: readonly { readonly recipe: Catalogue['recipes'][number]['recipe'] }[]): void {
  const pass = setting.split('.', 1)[0] ?? '';
  const taker = recipes.find(({ recipe }) => recipe.passes.some(({ name }) => name === pass)) ?? recipes[0];
  setParameter(taker?.recipe.document ?? {}, setting);
}
