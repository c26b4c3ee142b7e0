/**
 * Model types of ONNX Runtime's transformer optimizer, which OrtTransformersOptimization drives.
 */

/** Types whose fusions Grove has: those of one class in the optimizer, which is made for BERT. */
const NATIVE_TYPES: readonly string[] = ['bert', 'swin', 'vit'];

/** Types with fusions of their own, which only Olive has. */
const OLIVE_TYPES: readonly string[] = [
  'bart',
  'bert_keras',
  'bert_tf',
  'clip',
  'conformer',
  'gpt2',
  'gpt2_tf',
  'gpt_neox',
  'mmdit',
  'phi',
  'qwen3',
  'sam2',
  't5',
  'tnlr',
  'unet',
  'vae',
];

/** How Olive reads the `model_type` of a Hugging Face config. */
const OF_CONFIG: ReadonlyMap<string, string> = new Map([
  ['camembert', 'bert'],
  ['deberta', 'bert'],
  ['deberta-v2', 'bert'],
  ['distilbert', 'bert'],
  ['gpt-j', 'gpt2'],
  ['gpt_neox', 'gpt2'],
  ['llama', 'gpt2'],
  ['phi3', 'phi'],
  ['roberta', 'bert'],
]);

/** Who can optimise a model type; `nobody` returns the model unchanged, as Olive does. */
export function optimizerOf(modelType: string): 'grove' | 'olive' | 'nobody' {
  if (NATIVE_TYPES.includes(modelType)) return 'grove';
  return OLIVE_TYPES.includes(modelType) ? 'olive' : 'nobody';
}

/** The optimizer's model type for the `model_type` of a Hugging Face config. */
export function modelTypeOfConfig(configType: string): string {
  return OF_CONFIG.get(configType) ?? configType;
}

/** Optimisation options that only the fusions of other kinds of models read; for the native types they change nothing. */
export const OPTIONS_OF_OTHER_MODELS: readonly string[] = [
  'attention_op_type',
  'disable_multi_head_attention_bias',
  'enable_bias_add',
  'enable_bias_splitgelu',
  'enable_group_norm',
  'enable_nhwc_conv',
  'enable_packed_kv',
  'enable_packed_qkv',
  'enable_skip_group_norm',
  'group_norm_channels_last',
];
