import type { RecipePass } from '../recipe/recipe.ts';

/** Whether a pass makes a float16 model: by itself, or by an option of the optimizer. */
export function convertsToFloat16(pass: RecipePass): boolean {
  return pass.type === 'OnnxFloatToFloat16' || (pass.type === 'OrtTransformersOptimization' && pass.written['float16'] === true);
}
