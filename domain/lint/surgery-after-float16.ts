import type { Json } from '../json.ts';
import { isJsonObject } from '../recipe/findings.ts';
import { convertsToFloat16 } from './float16-conversion.ts';
import type { LintRule } from './rule.ts';

/** ReplaceAttentionMaskValue looks at float32 tensors only; behind a float16 conversion there are none left in the mask. */
export const surgeryAfterFloat16: LintRule = {
  name: 'surgery-after-float16',
  meaning: 'ReplaceAttentionMaskValue looks at float32 only; behind a float16 conversion it matches nothing',
  remedy: 'move it before the conversion, or remove it',
  check(recipe) {
    const converted = recipe.passes.findIndex(convertsToFloat16);
    if (converted === -1) return [];
    return recipe.passes.slice(converted + 1).flatMap((pass) => {
      const surgeries = Array.isArray(pass.written['surgeries']) ? pass.written['surgeries'] : [];
      return surgeries.flatMap((surgery: Json, index) =>
        isMaskSurgery(surgery)
          ? [
              {
                path: `${pass.writtenAt['surgeries']}[${index}]`,
                message: `matches nothing: after ${recipe.passes[converted]?.name} the mask is float16, which this surgeon does not look at`,
                advice: 'Put it before the float16 conversion, or remove it: the conversion already limits the mask to its max_finite_val.',
              },
            ]
          : [],
      );
    });
  },
};

function isMaskSurgery(surgery: Json): boolean {
  const name = isJsonObject(surgery) ? surgery['surgeon'] : undefined;
  return typeof name === 'string' && name.toLowerCase() === 'replaceattentionmaskvalue';
}
