import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CATALOGUE_FOLDER } from '../../platform/installation.ts';
import type { ParityModel } from './models.ts';

/** Label of a recipe in its file name. */
export type RecipeLabel = (typeof RECIPE_LABELS)[number];
export const RECIPE_LABELS = ['qdq_amd', 'qdq_qnn', 'trtrtx', 'dml'] as const;

/** Names for people. */
export const RECIPE_TITLES: Readonly<Record<RecipeLabel, string>> = {
  qdq_amd: 'AMD',
  qdq_qnn: 'QNN',
  trtrtx: 'TensorRT-RTX',
  dml: 'DirectML',
};

/** The recipe's own task, or its re-run with the model's head. */
export type Task = 'feature-extraction' | 'text-classification';

/** The two recipes that quantize. */
export const QUANTIZING: readonly RecipeLabel[] = ['qdq_amd', 'qdq_qnn'];

/** The data_config that the quantizing recipes calibrate with. */
export const CALIBRATION_DATA = 'quantization_data_config';

const QUANTIZER = 'OnnxStaticQuantization';
const MODEL = 'ms-marco-MiniLM-L-6-v2';

const passSchema = z.looseObject({ type: z.string() });
const recipeSchema = z.looseObject({
  input_model: z.looseObject({}),
  passes: z.record(z.string(), passSchema),
  data_configs: z.array(z.looseObject({ load_dataset_config: z.looseObject({}), pre_process_data_config: z.looseObject({}) })),
});

/** A recipe document; its passes run in their order. */
export type RecipeDocument = z.infer<typeof recipeSchema>;
type PassDocument = z.infer<typeof passSchema>;

/** A recipe of the catalogue for a model and a task: the catalogue's own text but for the task and, for a model with few positions, the width. */
export async function recipeFor(label: RecipeLabel, { width }: Pick<ParityModel, 'width'>, task: Task): Promise<RecipeDocument> {
  const text = await readFile(join(CATALOGUE_FOLDER, MODEL, `${MODEL}_${label}.json`), 'utf8');
  const recipe = recipeSchema.parse(JSON.parse(text));
  return {
    ...recipe,
    input_model: { ...recipe.input_model, task },
    passes: mapPasses(recipe, (pass) => (pass['dim_value'] === undefined ? pass : { ...pass, dim_value: [1, width] })),
    data_configs: recipe.data_configs.map((config) => ({
      ...config,
      pre_process_data_config: { ...config.pre_process_data_config, max_length: width },
    })),
  };
}

/** Where Olive finds and puts things. */
export interface OlivePlaces {
  readonly model: string;
  readonly rows: string;
  readonly output: string;
  readonly cache: string;
  /** Folder of the tokenizer, when the model is no checkpoint. */
  readonly tokenizer?: string;
}

/**
 * The recipe as Olive gets it here: local model and rows, nothing evaluated, and without the tuning pass, which runs on the device and leaves the file
 * as it is.
 */
export function forOlive(recipe: RecipeDocument, { model, rows, output, cache, tokenizer }: OlivePlaces): unknown {
  const { evaluator: _, evaluators: __, ...rest } = recipe;
  return {
    ...rest,
    input_model: { ...recipe.input_model, model_path: model, ...(tokenizer !== undefined && attributesOf(tokenizer)) },
    data_configs: recipe.data_configs.map((config) => ({
      ...config,
      load_dataset_config: { data_name: 'json', data_files: rows, split: 'train' },
    })),
    passes: Object.fromEntries(Object.entries(recipe.passes).filter(([, { type }]) => type !== 'OrtSessionParamsTuning')),
    cache_dir: cache,
    output_dir: output,
  };
}

/** What Olive would know of an ONNX model that it had exported itself: without it, it takes the rows for those of a text generator. */
function attributesOf(tokenizer: string): Readonly<Record<string, unknown>> {
  return { model_attributes: { hf_task: 'feature-extraction', _name_or_path: tokenizer } };
}

/** The recipe up to its quantizer, with the preparation of the graph as a pass of its own, so that what the quantizer reads is a file. */
export function withPreparedGraph(recipe: RecipeDocument): RecipeDocument {
  const passes = Object.entries(recipe.passes);
  const [name, quantizer] = passes.find(([, { type }]) => type === QUANTIZER) ?? [];
  if (name === undefined || quantizer === undefined) throw new Error('the recipe quantizes nothing');
  const before = passes.slice(0, Object.keys(recipe.passes).indexOf(name));
  const preparation = { type: 'OnnxQuantizationPreprocess', save_as_external_data: true };
  return { ...recipe, passes: { ...Object.fromEntries(before), preparation, [name]: { ...quantizer, quant_preprocess: false } } };
}

/** Only the quantizer of a recipe, for an ONNX model that is prepared already. */
export function quantizerOnly(recipe: RecipeDocument): RecipeDocument {
  const { task: _, ...inputModel } = recipe.input_model;
  const passes = Object.entries(recipe.passes).filter(([, { type }]) => type === QUANTIZER);
  return {
    ...recipe,
    input_model: { ...inputModel, type: 'ONNXModel' },
    passes: Object.fromEntries(passes.map(([name, pass]) => [name, { ...pass, quant_preprocess: false }])),
  };
}

function mapPasses({ passes }: RecipeDocument, change: (pass: PassDocument) => PassDocument): Record<string, PassDocument> {
  return Object.fromEntries(Object.entries(passes).map(([name, pass]) => [name, change(pass)]));
}
