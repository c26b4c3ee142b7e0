import type { Json } from '../json.ts';
import { OPTIONS_OF_OTHER_MODELS, optimizerOf } from '../passes/transformer-model-types.ts';
import { isJsonObject } from '../recipe/findings.ts';
import type { JsonObject, RecipePass } from '../recipe/recipe.ts';
import type { LintFinding, LintRule } from './rule.ts';

/** Every attribute that ONNX Runtime's optimizer reads for some model type; Olive pours any other key over it unread. */
const OPTIMIZER_OPTIONS: readonly string[] = [
  ...OPTIONS_OF_OTHER_MODELS,
  'enable_gelu',
  'enable_layer_norm',
  'enable_attention',
  'enable_rotary_embeddings',
  'use_multi_head_attention',
  'enable_skip_layer_norm',
  'enable_embed_layer_norm',
  'enable_bias_skip_layer_norm',
  'enable_bias_gelu',
  'enable_gelu_approximation',
  'enable_qordered_matmul',
  'enable_shape_inference',
  'enable_gemm_fast_gelu',
  'attention_mask_format',
];

/** Keys of `extra_options` that a parameter of their own replaces once it has a value; the first has one by default. */
const EXTRA_OPTIONS_OF_PARAMETERS: Readonly<Record<string, string>> = {
  ActivationSymmetric: 'activation_symmetric',
  WeightSymmetric: 'weight_symmetric',
  MinimumRealRange: 'min_real_range',
  TensorQuantOverrides: 'tensor_quant_overrides',
};

const DEFAULT_VALUES: Readonly<Record<string, boolean>> = { activation_symmetric: false };

const QUANTIZATION_PASSES = ['OnnxQuantization', 'OnnxStaticQuantization', 'OnnxDynamicQuantization'];

/** Parameters that static quantisation takes and never passes on while `prepare_qdq_config` is on, its default. */
const IGNORED_WITH_QDQ_CONFIG = ['reduce_range', 'nodes_to_quantize'];

/** Settings that are accepted and have no effect. */
export const deadSettings: LintRule = {
  name: 'dead-setting',
  meaning:
    'a parameter that is accepted and never read: an optimizer option for another kind of model or of no meaning, or a quantisation parameter that another one rules out',
  remedy: 'remove it',
  check: (recipe) => recipe.passes.flatMap((pass) => [...deadOptimizerOptions(pass), ...deadQuantizationParameters(pass)]),
};

type Finding = Omit<LintFinding, 'rule'>;

/** Only options switched on: one switched off does what it says. */
function deadOptimizerOptions(pass: RecipePass): readonly Finding[] {
  const options = pass.written['optimization_options'];
  const modelType = pass.written['model_type'];
  if (pass.type !== 'OrtTransformersOptimization' || !isJsonObject(options) || typeof modelType !== 'string') return [];
  const unknown = Object.keys(options).filter((option) => !OPTIMIZER_OPTIONS.includes(option));
  const unread = unknown.map((option) => ({
    path: `${pass.writtenAt['optimization_options']}.${option}`,
    message: `${option} is no option of the optimizer: it is accepted and never read`,
    advice: 'Correct its name, or remove it.',
  }));
  return optimizerOf(modelType) === 'grove' ? [...unread, ...optionsOfOtherModels(pass, options, modelType)] : unread;
}

function optionsOfOtherModels(pass: RecipePass, options: JsonObject, modelType: string): readonly Finding[] {
  return OPTIONS_OF_OTHER_MODELS.filter((option) => options[option] === true || typeof options[option] === 'string').map((option) => ({
    path: `${pass.writtenAt['optimization_options']}.${option}`,
    message: `${option} is on but is only read for other kinds of models, not for ${modelType}`,
    advice: 'Remove it.',
  }));
}

function deadQuantizationParameters(pass: RecipePass): readonly Finding[] {
  if (!QUANTIZATION_PASSES.includes(pass.type)) return [];
  return [...ignoredWithQdqConfig(pass), ...overruledOperators(pass), ...overruledExtraOptions(pass)];
}

/** Dynamic quantisation has no such config to ignore them. */
function isDynamic({ type, written }: RecipePass): boolean {
  return type === 'OnnxDynamicQuantization' || written['quant_mode'] === 'dynamic';
}

function ignoredWithQdqConfig(pass: RecipePass): readonly Finding[] {
  if (isDynamic(pass) || pass.written['prepare_qdq_config'] === false || pass.written['quant_format'] === 'QOperator') return [];
  return IGNORED_WITH_QDQ_CONFIG.filter(
    (param) => pass.written[param] !== undefined && pass.written[param] !== null && pass.written[param] !== false,
  ).map((param) => ({
    path: pass.writtenAt[param] ?? pass.path,
    message: `${param} is ignored while prepare_qdq_config is on, which is its default`,
    advice: param === 'nodes_to_quantize' ? 'Use nodes_to_exclude.' : 'Remove it.',
  }));
}

/** Where both lists are given, the types of the second stay as they are. */
function overruledOperators(pass: RecipePass): readonly Finding[] {
  const excluded = listOf(pass.written['op_types_to_exclude']);
  const both = listOf(pass.written['op_types_to_quantize']).filter((type) => excluded.includes(type));
  if (both.length === 0) return [];
  return [
    {
      path: pass.writtenAt['op_types_to_quantize'] ?? pass.path,
      message: `${both.join(', ')} ${both.length === 1 ? 'stands' : 'stand'} in op_types_to_exclude too and will not be quantised`,
      advice: 'Take it out of one of the two lists.',
    },
  ];
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function overruledExtraOptions(pass: RecipePass): readonly Finding[] {
  const extra = pass.written['extra_options'];
  if (!isJsonObject(extra)) return [];
  return Object.entries(EXTRA_OPTIONS_OF_PARAMETERS)
    .filter(
      ([key, param]) => extra[key] !== undefined && (pass.written[param] ?? pass.params[param] ?? DEFAULT_VALUES[param] ?? null) !== null,
    )
    .map(([key, param]) => ({
      path: `${pass.writtenAt['extra_options']}.${key}`,
      message: `${key} is replaced by the parameter ${param}`,
      advice: `Write ${param}.`,
    }));
}
