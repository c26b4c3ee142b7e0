import type { MaskFormat } from './attention-mask.ts';

/** Which fusions run, after the recipe's options over the defaults of the model type. */
export interface FusionOptions {
  readonly gelu: boolean;
  readonly layerNorm: boolean;
  readonly attention: boolean;
  readonly multiHeadAttention: boolean;
  readonly skipLayerNorm: boolean;
  readonly embedLayerNorm: boolean;
  readonly biasSkipLayerNorm: boolean;
  readonly biasGelu: boolean;
  readonly geluApproximation: boolean;
  readonly gemmFastGelu: boolean;
  readonly shapeInference: boolean;
  readonly maskFormat: MaskFormat;
  /** Whether EmbedLayerNormalization counts the mask's ones. */
  readonly embedsMask: boolean;
}

/** Mask formats by the numbers of ONNX Runtime's `AttentionMaskFormat`. */
const MASK_FORMATS: readonly MaskFormat[] = ['lengths', 'lengths', 'raw', 'none'];
const LENGTHS = 0;
const RAW = 2;

/** What a model type takes by default, as the number of a format; others take the mask as it is. */
const MASK_DEFAULTS: Readonly<Record<string, number>> = { bert: LENGTHS, vit: 3 };

/** Options by the recipe's names over the defaults of a model type. Values count as Python counts them true or false; unknown names are ignored. */
export function fusionOptions(modelType: string, written: Readonly<Record<string, unknown>>): FusionOptions {
  const isOn = (name: string, byDefault: boolean): boolean => (Object.hasOwn(written, name) ? Boolean(written[name]) : byDefault);
  const format = written['attention_mask_format'];
  const maskFormat = typeof format === 'number' ? format : (MASK_DEFAULTS[modelType] ?? RAW);
  return {
    gelu: isOn('enable_gelu', true),
    layerNorm: isOn('enable_layer_norm', true),
    attention: isOn('enable_attention', true),
    multiHeadAttention: isOn('use_multi_head_attention', false),
    skipLayerNorm: isOn('enable_skip_layer_norm', true),
    embedLayerNorm: isOn('enable_embed_layer_norm', true),
    biasSkipLayerNorm: isOn('enable_bias_skip_layer_norm', true),
    biasGelu: isOn('enable_bias_gelu', true),
    geluApproximation: isOn('enable_gelu_approximation', false),
    gemmFastGelu: isOn('enable_gemm_fast_gelu', false),
    shapeInference: isOn('enable_shape_inference', true),
    maskFormat: MASK_FORMATS[maskFormat] ?? 'raw',
    embedsMask: maskFormat === LENGTHS,
  };
}
