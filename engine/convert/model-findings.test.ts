import { expect, it } from 'vitest';
import { modelFindings } from './model-findings.ts';

const inputModel = { type: 'HfModel', modelPath: null, task: 'fill-mask', config: {} };

it('a dropped head is told with the task that was exported, whatever the recipe says of its model', async () => {
  const modelAttributes = { architectures: ['BertForSequenceClassification'], hf_task: 'feature-extraction' };
  const [finding] = await modelFindings({ source: '/nowhere', inputModel }, { modelAttributes, tokenizer: undefined });
  expect(finding).toMatchObject({ rule: 'head-dropped', message: expect.stringContaining('feature-extraction exports it without') });
  const kept = { ...modelAttributes, hf_task: 'text-classification' };
  expect(await modelFindings({ source: '/nowhere', inputModel }, { modelAttributes: kept, tokenizer: undefined })).toEqual([]);
});
