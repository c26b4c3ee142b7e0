import { z } from 'zod';
import type { Json } from '../json.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import type { DataConfig, JsonObject, Recipe } from './recipe.ts';

/** Member of a recipe that carries the Python files it names: file name -> source. Written by whoever submits, read by no Olive. */
export const USER_SCRIPTS_MEMBER = 'grove_user_scripts';

/** Capability of a machine whose operator lets recipes run Python code there. */
export const USER_SCRIPT_CAPABILITY = 'user-script';

/** The member that a farm can run, once the file travels with the recipe. */
export const USER_SCRIPT_KEY = 'user_script';

/** Members that name Python code for Olive to import. */
const CODE_MEMBERS = ['model_loader', 'model_script', 'script_dir', USER_SCRIPT_KEY];

/** Files of one recipe. */
const MAX_SCRIPTS = 16;

/** A plain file name: it is written into the folder of the attempt. */
export const scriptNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.py$/, 'must be the plain name of a Python file, such as prepare.py');

const scriptsSchema = z
  .record(scriptNameSchema, z.string())
  .refine((scripts) => Object.keys(scripts).length <= MAX_SCRIPTS, `must be at most ${MAX_SCRIPTS} files`);

/** The code of a recipe. */
export type RecipeCode = Pick<Recipe, 'userScripts' | 'lackingScripts' | 'scripts'>;

/** Finds what names Python code in a recipe, and the sources that came with it. */
export function readUserScripts(document: JsonObject, findings: Findings): RecipeCode {
  const scripts = findings.read(scriptsSchema.optional(), document[USER_SCRIPTS_MEMBER], jsonPath('$', USER_SCRIPTS_MEMBER)) ?? {};
  const { [USER_SCRIPTS_MEMBER]: _, ...recipe } = document;
  const code = codeIn(recipe, '$');
  const lacking = code.filter(({ member, value }) => member !== USER_SCRIPT_KEY || !Object.hasOwn(scripts, value));
  // Files that nothing names are nobody's code: no machine is asked whether it runs them, so that none gets them.
  return {
    userScripts: code.map(({ path }) => path),
    lackingScripts: lacking.map(({ path }) => path),
    scripts: code.length > 0 ? scripts : {},
  };
}

interface Code {
  readonly path: string;
  readonly member: string;
  readonly value: string;
}

function codeIn(value: Json, path: string): readonly Code[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => codeIn(item, jsonPath(path, index)));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([member, inner]) => {
    const at = jsonPath(path, member);
    return CODE_MEMBERS.includes(member) && typeof inner === 'string' ? [{ path: at, member, value: inner }] : codeIn(inner, at);
  });
}

/** Whether code of the recipe makes the rows of a data config, which then needs none. */
export function isScripted({ userScripts }: Pick<Recipe, 'userScripts'>, { path }: Pick<DataConfig, 'path'>): boolean {
  return userScripts.includes(jsonPath(path, USER_SCRIPT_KEY));
}
