import type { LintRule } from './rule.ts';

/** Rows of one column are single sentences; a model that scores pairs was trained on two. */
export const singleSentences: LintRule = {
  name: 'pairs-as-single-sentences',
  meaning:
    'a model that scores pairs is calibrated or measured on rows of one text: all segment ids are 0, and ranges are not those of pairs',
  remedy: 'two columns in `input_cols`, a query and a passage',
  check({ inputModel, dataConfigs }) {
    if (inputModel.modelPath === null || !/cross-?encoder|reranker/i.test(inputModel.modelPath)) return [];
    return dataConfigs
      .filter(({ type, tokenization }) => type === 'HuggingfaceContainer' && tokenization.columns.length === 1)
      .map(({ path, name, tokenization }) => ({
        path: `${path}.pre_process_data_config.input_cols`,
        message: `rows of ${name} are single texts (${tokenization.columns.join(', ')}), the model scores pairs: segment ids are all 0`,
        advice: 'Name a query and a passage column.',
      }));
  },
};
