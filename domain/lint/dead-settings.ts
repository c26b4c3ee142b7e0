import { isJsonObject } from '../recipe/findings.ts';
import type { RecipePass } from '../recipe/recipe.ts';
import type { LintFinding, LintRule } from './rule.ts';

/** Options that ONNX Runtime's transformer optimizer reads only for image models; for BERT they change nothing. */
const IMAGE_MODEL_OPTIONS = [
  'enable_nhwc_conv',
  'enable_group_norm',
  'enable_bias_splitgelu',
  'enable_packed_qkv',
  'enable_packed_kv',
  'enable_bias_add',
  'group_norm_channels_last',
];
const IMAGE_MODEL_TYPES = ['unet', 'vae', 'clip', 'sam2', 'mmdit', 't5', 'flux'];

/** Parameters that OnnxStaticQuantization takes and never passes on while `prepare_qdq_config` is on, its default. */
const IGNORED_WITH_QDQ_CONFIG = ['reduce_range', 'nodes_to_quantize'];

/** Settings that are accepted and have no effect. */
export const deadSettings: LintRule = {
  name: 'dead-setting',
  check: (recipe) => recipe.passes.flatMap((pass) => [...deadOptimizerOptions(pass), ...deadQuantizationParameters(pass)]),
};

type Finding = Omit<LintFinding, 'rule'>;

/** Only options switched on: one switched off does what it says. */
function deadOptimizerOptions(pass: RecipePass): readonly Finding[] {
  const options = pass.written['optimization_options'];
  const modelType = pass.written['model_type'];
  if (pass.type !== 'OrtTransformersOptimization' || !isJsonObject(options) || typeof modelType !== 'string') return [];
  if (IMAGE_MODEL_TYPES.includes(modelType)) return [];
  return IMAGE_MODEL_OPTIONS.filter((option) => options[option] === true).map((option) => ({
    path: `${pass.writtenAt['optimization_options']}.${option}`,
    message: `${option} is on but is only read for image models, not for ${modelType}`,
    advice: 'Remove it.',
  }));
}

function deadQuantizationParameters(pass: RecipePass): readonly Finding[] {
  if (
    pass.type !== 'OnnxStaticQuantization' ||
    pass.written['prepare_qdq_config'] === false ||
    pass.written['quant_format'] === 'QOperator'
  )
    return [];
  return IGNORED_WITH_QDQ_CONFIG.filter(
    (param) => pass.written[param] !== undefined && pass.written[param] !== null && pass.written[param] !== false,
  ).map((param) => ({
    path: pass.writtenAt[param] ?? pass.path,
    message: `${param} is ignored while prepare_qdq_config is on, which is its default`,
    advice: param === 'nodes_to_quantize' ? 'Use nodes_to_exclude.' : 'Remove it.',
  }));
}
