import type { LintRule } from './rule.ts';

/** Tasks whose export leaves a classifier head out. */
const HEADLESS_TASKS = ['feature-extraction', 'fill-mask'];

/** The name is all a recipe says about its model; the architecture itself is checked with the conversion. */
export const crossEncoderWithoutHead: LintRule = {
  name: 'cross-encoder-without-head',
  meaning: 'a model that scores pairs is exported without the head that computes the score: only latency and embeddings mean anything',
  remedy: '`--task text-classification`',
  check({ inputModel }) {
    if (
      inputModel.modelPath === null ||
      !/cross-?encoder|reranker/i.test(inputModel.modelPath) ||
      !HEADLESS_TASKS.includes(inputModel.task)
    )
      return [];
    return [
      {
        path: '$.input_model.task',
        message: `the model scores query-passage pairs, but ${inputModel.task} exports it without the head that computes the score`,
        advice: 'Submit with --task text-classification, or accept that only latency and embeddings mean anything.',
      },
    ];
  },
};
