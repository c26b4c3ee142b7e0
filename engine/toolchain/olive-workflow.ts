import type { Json } from '../../domain/json.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import { isJsonObject } from '../../domain/recipe/findings.ts';
import { oliveDocument } from '../../domain/recipe/olive-document.ts';
import type { JsonObject, Recipe } from '../../domain/recipe/recipe.ts';
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

/** A workflow file and the script it refers to; null when it needs none. */
export interface OliveWorkflow {
  readonly document: JsonObject;
  readonly script: string | null;
}

/**
 * The host passes of a recipe as Olive runs them here: sources and rows on this machine, nothing evaluated, nothing left to a search. Rows are read from their files, which
 * hold what the recipe selects. Throws `recipe-invalid` for a declared transform nobody knows.
 */
export function oliveWorkflow(recipe: Recipe, places: OlivePlaces): OliveWorkflow {
  const { document, script } = oliveDocument(recipe);
  const { evaluator: _, evaluators: __, engine: ___, search_strategy: ____, ...rest } = document;
  const host = new Set(planConversion(recipe).host.map(({ name }) => name));
  const model = members(document['input_model']);
  return {
    script,
    document: {
      ...rest,
      input_model: {
        ...model,
        ...(isJsonObject(model['config']) ? { config: { ...model['config'], model_path: places.source } } : { model_path: places.source }),
      },
      data_configs: list(document['data_configs']).map((config) => withRows(config, places.rows)),
      passes: Object.fromEntries(Object.entries(members(document['passes'])).filter(([name]) => host.has(name))),
      evaluate_input_model: false,
      output_dir: places.output,
      cache_dir: places.cache,
      log_severity_level: 1,
    },
  };
}

function withRows(config: Json, rows: OlivePlaces['rows']): Json {
  if (!isJsonObject(config)) return config;
  const own = typeof config['name'] === 'string' ? rows[config['name']] : undefined;
  if (own === undefined) return config;
  const columns =
    own.columns === undefined
      ? {}
      : { pre_process_data_config: { ...members(config['pre_process_data_config']), input_cols: [...own.columns] } };
  return { ...config, ...columns, load_dataset_config: { data_name: 'json', data_files: own.file, split: 'train' } };
}

function members(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
