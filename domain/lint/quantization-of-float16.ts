import { convertsToFloat16 } from './float16-conversion.ts';
import type { LintRule } from './rule.ts';

/** Every pass of Olive that measures ranges of an ONNX model or rounds its weights. */
const QUANTIZERS =
  /^(Onnx(Static|Dynamic)?Quantization|IncQuantization|IncStaticQuantization|IncDynamicQuantization|OnnxMatMul4Quantizer|Vitis.*Quantizer)$/;

/** Weights are rounded twice, and scales become float16 too. */
export const quantizationOfFloat16: LintRule = {
  name: 'quantization-of-float16',
  meaning: 'a float16 conversion stands before a quantisation: weights are rounded twice and the scales become float16',
  remedy: 'quantise the float32 model; convert what is left afterwards',
  check(recipe) {
    const converted = recipe.passes.findIndex(convertsToFloat16);
    if (converted === -1) return [];
    return recipe.passes
      .slice(converted + 1)
      .filter(({ type }) => QUANTIZERS.test(type))
      .map(({ path }) => ({
        path: `${path}.type`,
        message: `quantises the float16 model that ${recipe.passes[converted]?.name} makes: weights are rounded twice, and scales become float16`,
        advice: 'Put the quantisation first.',
      }));
  },
};
