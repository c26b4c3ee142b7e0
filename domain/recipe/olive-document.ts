import { z } from 'zod';
import { GroveError } from '../errors.ts';
import type { Json } from '../json.ts';
import { modelInputsTransformSchema } from '../passes/model-inputs-transform.ts';
import { isJsonObject, jsonPath } from './findings.ts';
import type { JsonObject, Recipe } from './recipe.ts';

/** Name of the Python file that a translated recipe refers to. */
export const USER_SCRIPT = 'user_script.py';

/** A recipe as Olive can run it. */
export interface OliveDocument {
  readonly document: JsonObject;
  /** Python source of {@link USER_SCRIPT}; null when the recipe needs none. */
  readonly script: string | null;
  /** What differs from the recipe, one sentence each; empty when Olive reads it as it is. */
  readonly changes: readonly string[];
}

interface Transform {
  readonly passName: string;
  readonly functionName: string;
  readonly names: readonly string[];
}

/**
 * Translates what only Grove reads into what Olive reads: a declared `transform_fn` becomes a Python function, and the rows it reads are tokenised without
 * a label, which Olive otherwise expects for most tasks. Everything else stays as it is. Throws `recipe-invalid` for a transform of another kind.
 */
export function oliveDocument(recipe: Pick<Recipe, 'name' | 'document' | 'inputModel'>): OliveDocument {
  const passes = isJsonObject(recipe.document['passes']) ? recipe.document['passes'] : {};
  const transforms = Object.entries(passes).flatMap(([name, pass]) => transformOf(recipe.name, name, pass) ?? []);
  if (transforms.length === 0) return { document: recipe.document, script: null, changes: [] };
  const translated = Object.fromEntries(
    Object.entries(passes).map(([name, pass]) => [
      name,
      withFunction(
        pass,
        transforms.find(({ passName }) => passName === name),
      ),
    ]),
  );
  const read = new Set(transforms.flatMap(({ passName }) => dataConfigOf(passes[passName])));
  const unlabelled = recipe.inputModel.task === 'feature-extraction' ? new Set<string>() : read;
  const document = { ...recipe.document, passes: translated, ...withoutLabels(recipe.document['data_configs'], unlabelled) };
  return { document, script: scriptOf(transforms), changes: changesOf(transforms, unlabelled) };
}

/** Members of a pass that tell where it runs and what is kept and evaluated of it: all of that is decided elsewhere. */
const NOT_OF_THE_PASS = ['clean_run_cache', 'disable_search', 'evaluator', 'host', 'output_name'];

/** A pass as it is written, without what Grove decides: of alternatives the first, nothing evaluated, no machine of its own. */
export function olivePass(pass: Json | undefined): JsonObject {
  const first = Array.isArray(pass) ? pass[0] : pass;
  return isJsonObject(first) ? Object.fromEntries(Object.entries(first).filter(([name]) => !NOT_OF_THE_PASS.includes(name))) : {};
}

/** Names of the data configs that passes refer to, at any depth, as Olive looks them up. */
export function namedDataConfigs(value: Json): ReadonlySet<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item: Json) => [...namedDataConfigs(item)]));
  if (!isJsonObject(value)) return new Set();
  return new Set(
    Object.entries(value).flatMap(([name, member]) =>
      name.endsWith('data_config') && typeof member === 'string' ? [member] : [...namedDataConfigs(member)],
    ),
  );
}

function transformOf(recipeName: string, passName: string, pass: Json | undefined): Transform | undefined {
  const written = parametersOf(pass)['transform_fn'];
  if (!isJsonObject(written)) return undefined;
  const parsed = modelInputsTransformSchema.safeParse(written);
  const path = jsonPath('$.passes', passName, 'transform_fn');
  if (!parsed.success) throw new GroveError('recipe-invalid', { name: recipeName, count: 1, path, problem: z.prettifyError(parsed.error) });
  return { passName, functionName: `transform_${passName.replaceAll(/[^A-Za-z0-9_]/g, '_')}`, names: parsed.data.names };
}

/** Parameters of a pass stand beside `type` or below `config`, which wins. */
function parametersOf(pass: Json | undefined): JsonObject {
  if (!isJsonObject(pass)) return {};
  return isJsonObject(pass['config']) ? { ...pass, ...pass['config'] } : pass;
}

function dataConfigOf(pass: Json | undefined): readonly string[] {
  const name = parametersOf(pass)['data_config'];
  return typeof name === 'string' ? [name] : [];
}

function withFunction(pass: Json, transform: Transform | undefined): Json {
  if (transform === undefined || !isJsonObject(pass)) return pass;
  const reference = { transform_fn: transform.functionName, user_script: USER_SCRIPT };
  const { config } = pass;
  if (isJsonObject(config) && Object.hasOwn(config, 'transform_fn')) return { ...pass, config: { ...config, ...reference } };
  return { ...pass, ...reference };
}

function withoutLabels(configs: Json | undefined, names: ReadonlySet<string>): JsonObject {
  if (!Array.isArray(configs) || names.size === 0) return {};
  const data = configs.map((config: Json) => {
    if (!isJsonObject(config) || typeof config['name'] !== 'string' || !names.has(config['name'])) return config;
    const preProcess = isJsonObject(config['pre_process_data_config']) ? config['pre_process_data_config'] : {};
    return { ...config, pre_process_data_config: { type: 'tokenizer_pre_process', ...preProcess } };
  });
  return { data_configs: data };
}

function changesOf(transforms: readonly Transform[], unlabelled: ReadonlySet<string>): readonly string[] {
  return [
    ...transforms.map(
      ({ passName, functionName }) =>
        `The transform that pass \`${passName}\` declares is the function \`${functionName}\` of \`${USER_SCRIPT}\`.`,
    ),
    ...[...unlabelled].map(
      (name) => `Rows of \`${name}\` are tokenised by \`tokenizer_pre_process\`: for this task Olive would look for a label column.`,
    ),
  ];
}

function scriptOf(transforms: readonly Transform[]): string {
  const functions = transforms.map(
    ({ functionName, names }) =>
      `def ${functionName}(item):\n    return _named(item, [${names.map((name) => JSON.stringify(name)).join(', ')}])\n`,
  );
  return [SCRIPT_HEAD, ...functions].join('\n\n');
}

/** Collating rows of lists gives one array a token, each with an element a row; rows of tensors give one array. */
const SCRIPT_HEAD = `"""What the recipe refers to by name. Written by \`grove recipe export --olive\`."""

import numpy as np


def _named(item, names):
    data = item[0] if isinstance(item, (list, tuple)) else item
    return {name: _array(data[name]) for name in names}


def _array(value):
    if isinstance(value, (list, tuple)):
        value = np.stack([np.asarray(token) for token in value], axis=-1)
    return np.asarray(value, dtype=np.int64)
`;
