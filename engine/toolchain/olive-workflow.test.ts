import { expect, it } from 'vitest';
import { minimalDocument, parse } from '../../domain/recipe/recipe.cases.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
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
      passes: {
        c: { type: 'OnnxConversion' },
        p: { type: 'OnnxPeepholeOptimizer', data_config: 'rows' },
        t: { type: 'OrtSessionParamsTuning' },
      },
      search_strategy: false,
    }),
  );
  const { document, scripts } = oliveWorkflow(recipe, PLACES);
  expect(scripts).toEqual({});
  expect(Object.keys(document['passes'] ?? {})).toEqual(['c', 'p']);
  expect(document).toMatchObject({
    input_model: { model_path: '/models/bert' },
    data_configs: [
      {
        load_dataset_config: { data_name: 'json', data_files: '/rows.jsonl', split: 'train' },
        pre_process_data_config: { max_length: 8, input_cols: ['text'] },
      },
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
  const { document, scripts } = oliveWorkflow(recipe, PLACES);
  expect(scripts['user_script.py']).toContain('def transform_q(item):');
  expect(document).toMatchObject({ passes: { q: { transform_fn: 'transform_q' } } });
});

it('holds nothing of the recipe that could run code, and runs on this machine alone', () => {
  const { recipe } = parse(
    minimalDocument({
      input_model: {
        type: 'HfModel',
        model_path: 'some/model',
        task: 'feature-extraction',
        config: { load_kwargs: { trust_remote_code: true, torch_dtype: 'float16' } },
      },
      systems: {
        evil: {
          type: 'PythonEnvironment',
          python_environment_path: '/evil',
          accelerators: [{ device: 'npu', execution_providers: [['QNNExecutionProvider', '/evil.so']] }],
        },
        box: { type: 'Docker', dockerfile: 'x', build_context_path: '/evil' },
      },
      host: 'evil',
      target: 'evil',
      data_configs: [
        { name: 'made', type: 'TransformersDummyDataContainer', load_dataset_config: { trust_remote_code: true } },
        { name: 'unread', type: 'HuggingfaceContainer', load_dataset_config: { data_name: '/evil', trust_remote_code: true } },
      ],
      evaluators: { e: { metrics: [{ name: 'm', type: 'size_on_disk', sub_types: [{ name: 'bytes' }] }] } },
      passes: {
        p: {
          type: 'OnnxPeepholeOptimizer',
          host: 'box',
          evaluator: 'e',
          config: { trust_remote_code: true, nested: { data_config: 'made' } },
        },
      },
      packaging_config: { type: 'Zipfile', name: 'evil' },
    }),
  );
  const { document } = oliveWorkflow(recipe, PLACES);
  const system = { type: 'LocalSystem', accelerators: [{ device: 'npu', execution_providers: ['QNNExecutionProvider'] }] };
  expect(document).toEqual({
    input_model: {
      type: 'HfModel',
      model_path: '/models/bert',
      task: 'feature-extraction',
      load_kwargs: { torch_dtype: 'float16', trust_remote_code: false },
    },
    systems: { host: system, target: system },
    data_configs: [{ name: 'made', type: 'TransformersDummyDataContainer', load_dataset_config: { trust_remote_code: false } }],
    passes: { p: { type: 'OnnxPeepholeOptimizer', config: { trust_remote_code: false, nested: { data_config: 'made' } } } },
    host: 'host',
    target: 'target',
    evaluate_input_model: false,
    output_dir: '/out',
    cache_dir: '/cache',
    log_severity_level: 1,
  });
});

it('is refused for scripts, other models and rows that are not there', () => {
  const passes = { p: { type: 'OnnxPeepholeOptimizer', config: { user_script: 'evil.py' } } };
  const model = { type: 'PyTorchModel', model_path: 'x', model_loader: 'load', model_script: 'evil.py' };
  const unread = { data_configs: [{ name: 'other', type: 'HuggingfaceContainer' }] };
  const workflow = (changes: JsonObject) => () => oliveWorkflow(parse(minimalDocument(changes)).recipe, PLACES);
  expect(workflow({ passes })).toThrow(expect.objectContaining({ code: 'user-script-refused' }));
  expect(workflow({ input_model: model })).toThrow(expect.objectContaining({ code: 'user-script-refused' }));
  expect(workflow({ input_model: { type: 'PyTorchModel', model_path: 'x' } })).toThrow(
    expect.objectContaining({ code: 'unsupported-input' }),
  );
  expect(workflow({ ...unread, passes: { p: { type: 'OnnxPeepholeOptimizer', data_config: 'other' } } })).toThrow(
    expect.objectContaining({ code: 'unsupported-data' }),
  );
});
