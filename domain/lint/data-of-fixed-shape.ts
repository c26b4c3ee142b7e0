import type { RecipePass } from '../recipe/recipe.ts';
import type { LintRule } from './rule.ts';

/** Rows padded to another length than the graph was fixed to cannot be fed to it. */
export const dataOfFixedShape: LintRule = {
  name: 'data-does-not-fit-shape',
  meaning: 'rows are padded to another length than the graph was fixed to',
  remedy: '`padding: max_length` with that length',
  check(recipe) {
    const length = recipe.passes.map(fixedSequenceLength).find((fixed) => fixed !== undefined);
    if (length === undefined) return [];
    return recipe.dataConfigs
      .filter(
        ({ type, tokenization }) =>
          type === 'HuggingfaceContainer' && !(tokenization.padding === 'max_length' && tokenization.maxLength === length),
      )
      .map(({ path, tokenization }) => ({
        path: `${path}.pre_process_data_config`,
        message: `rows have ${tokenization.padding === 'max_length' ? `${tokenization.maxLength} tokens` : 'varying lengths'}, the graph takes exactly ${length}`,
        advice: `Set padding to "max_length" and max_length to ${length}.`,
      }));
  },
};

function fixedSequenceLength({ type, params }: RecipePass): number | undefined {
  const { dim_param: names, dim_value: values } = params;
  if (type !== 'DynamicToFixedShape' || !Array.isArray(names) || !Array.isArray(values)) return undefined;
  const length = values[names.indexOf('sequence_length')];
  return typeof length === 'number' ? length : undefined;
}
