import { GroveError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { isJsonObject } from '../../domain/recipe/findings.ts';
import { namedDataConfigs, oliveDocument, olivePass, USER_SCRIPT } from '../../domain/recipe/olive-document.ts';
import { oliveModelMembers, oliveRefusal } from '../../domain/recipe/olive-refusal.ts';
import type { JsonObject, Recipe, RecipeSystem } from '../../domain/recipe/recipe.ts';
import { USER_SCRIPT_KEY } from '../../domain/recipe/user-scripts.ts';
import type { DataRows } from '../convert/conversion-data.ts';

/** Where Olive finds and puts things; absolute paths. */
export interface OlivePlaces {
  /** A checkpoint folder or an ONNX file. */
  readonly source: string;
  /** Rows by name of their data config. */
  readonly rows: Readonly<Record<string, DataRows>>;
  readonly output: string;
  readonly cache: string;
}

/** A workflow file and the Python files it refers to, by name. */
export interface OliveWorkflow {
  readonly document: JsonObject;
  readonly scripts: Readonly<Record<string, string>>;
}

/**
 * The host passes of a recipe as Olive runs them here: sources and rows on this machine, nothing evaluated, nothing left to a search. Made of what is known to be safe and of
 * nothing else that the recipe holds: no machine and no environment of the recipe's takes part, and of its code only files that came with it. Rows are read from their files, which hold what the recipe selects.
 * Throws `user-script-refused`, `unsupported-input`, `unsupported-data` for rows that are not there, `recipe-invalid` for a declared transform nobody knows.
 */
export function oliveWorkflow(recipe: Recipe, places: OlivePlaces): OliveWorkflow {
  const refusal = oliveRefusal(recipe);
  if (refusal !== undefined) throw refusal;
  const { document, script } = oliveDocument(recipe);
  const { host } = planConversion(recipe);
  const written = members(document['passes']);
  const passes = Object.fromEntries(host.map(({ name }) => [name, olivePass(written[name])]));
  const { type, task } = recipe.inputModel;
  const workflow = {
    input_model: { type, model_path: places.source, ...(type === 'HfModel' && { task }), ...oliveModelMembers(recipe.inputModel) },
    systems: { host: localSystem(recipe.host), target: localSystem(recipe.target) },
    data_configs: dataConfigs(document, { read: namedDataConfigs(passes), rows: places.rows }),
    passes: untrusting(passes),
    host: 'host',
    target: 'target',
    evaluate_input_model: false,
    output_dir: places.output,
    cache_dir: places.cache,
    log_severity_level: 1,
  };
  return { scripts: scriptsOf(recipe, script), document: workflow };
}

/** The recipe's own files, and the one that Grove writes for declared transforms. */
function scriptsOf({ scripts }: Recipe, written: string | null): Readonly<Record<string, string>> {
  if (written === null) return scripts;
  if (Object.hasOwn(scripts, USER_SCRIPT))
    throw new GroveError('unsupported-input', {
      problem: `its file ${USER_SCRIPT} has the name of the one that declared transforms become: rename it`,
    });
  return { ...scripts, [USER_SCRIPT]: written };
}

/** Whatever machine the recipe names, the passes run in this process; they learn which accelerator it has. */
function localSystem({ device, ep }: RecipeSystem): JsonObject {
  return { type: 'LocalSystem', accelerators: [{ device, execution_providers: [ep] }] };
}

interface DataOfPasses {
  /** Names of the data configs that passes read. */
  readonly read: ReadonlySet<string>;
  readonly rows: OlivePlaces['rows'];
}

function dataConfigs(document: JsonObject, { read, rows }: DataOfPasses): readonly Json[] {
  return list(document['data_configs']).flatMap((config) => {
    if (!isJsonObject(config) || typeof config['name'] !== 'string' || !read.has(config['name'])) return [];
    return [untrusting(withRows(config, { name: config['name'], rows }))];
  });
}

function withRows(config: JsonObject, { name, rows }: { readonly name: string; readonly rows: OlivePlaces['rows'] }): JsonObject {
  const own = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (own === undefined) {
    if (/dummydatacontainer$/i.test(String(config['type']))) return config;
    // Its code makes the rows.
    if (typeof config[USER_SCRIPT_KEY] === 'string') return config;
    throw new GroveError('unsupported-data', { name, problem: 'Olive reads rows that were given, and of these there are none' });
  }
  const columns =
    own.columns === undefined
      ? {}
      : { pre_process_data_config: { ...members(config['pre_process_data_config']), input_cols: [...own.columns] } };
  return { ...config, ...columns, load_dataset_config: { data_name: 'json', data_files: own.file, split: 'train' } };
}

/** The same without leave to run the code of a checkpoint or a data set, wherever it is given. */
function untrusting(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => untrusting(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === 'trust_remote_code' ? false : untrusting(member)]),
  );
}

function members(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
