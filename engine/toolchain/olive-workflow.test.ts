import { expect, it } from 'vitest';
import { minimalDocument, parse } from '../../domain/recipe/recipe.cases.ts';
import { oliveWorkflow } from './olive-workflow.ts';

const PLACES = { source: '/models/bert', rows: { rows: { file: '/rows.jsonl', columns: ['text'] } }, output: '/out', cache: '/cache' };

it('is the recipe up to the device, with everything on this machine and nothing evaluated', () => {
  const { recipe } = parse(
    minimalDocument({
      data_configs: [
        {
          name: 'rows',
          type: 'HuggingfaceContainer',
          load_dataset_config: { data_name: 'hub/set' },
          pre_process_data_config: { max_length: 8, input_cols: ['premise'] },
        },
        { name: 'other', type: 'DummyDataContainer' },
      ],
      passes: { c: { type: 'OnnxConversion' }, p: { type: 'OnnxPeepholeOptimizer' }, t: { type: 'OrtSessionParamsTuning' } },
      search_strategy: false,
    }),
  );
  const { document, script } = oliveWorkflow(recipe, PLACES);
  expect(script).toBeNull();
  expect(Object.keys(document['passes'] ?? {})).toEqual(['c', 'p']);
  expect(document).toMatchObject({
    input_model: { model_path: '/models/bert' },
    data_configs: [
      {
        load_dataset_config: { data_name: 'json', data_files: '/rows.jsonl', split: 'train' },
        pre_process_data_config: { max_length: 8, input_cols: ['text'] },
      },
      { name: 'other' },
    ],
    output_dir: '/out',
    cache_dir: '/cache',
    evaluate_input_model: false,
  });
  expect(Object.keys(document)).not.toEqual(expect.arrayContaining(['evaluator']));
});

it('brings the script of a declared transform', () => {
  const transform_fn = { type: 'model_inputs', names: ['input_ids'] };
  const passes = { q: { type: 'OpenVINOQuantization', data_config: 'rows', transform_fn }, w: { type: 'OpenVINOWeightCompression' } };
  const { recipe } = parse(minimalDocument({ data_configs: [{ name: 'rows', type: 'HuggingfaceContainer' }], passes }));
  const { document, script } = oliveWorkflow(recipe, PLACES);
  expect(script).toContain('def transform_q(item):');
  expect(document).toMatchObject({ passes: { q: { transform_fn: 'transform_q' } } });
});
