import { describe, expect, it } from 'vitest';
import { oliveDocument } from './olive-document.ts';
import { catalogueText, LABELS, minimalDocument, parse } from './recipe.cases.ts';
import type { JsonObject } from './recipe.ts';

const translate = (document: JsonObject) => oliveDocument(parse(document).recipe);
const TRANSFORM = { type: 'model_inputs', names: ['input_ids', 'attention_mask'] };

const withTransform = (pass: JsonObject, members: JsonObject = {}): JsonObject =>
  minimalDocument({
    passes: { 'my pass': { type: 'OpenVINOQuantization', ...pass } },
    data_configs: [{ name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: ['text'] } }],
    ...members,
  });

describe('oliveDocument', () => {
  it.each(LABELS.filter((label) => label !== 'context_ov_static'))('leaves %s as it is: Olive reads it', (label) => {
    const document: JsonObject = JSON.parse(catalogueText(label));
    expect(translate(document)).toEqual({ document, script: null, changes: [] });
  });

  it('makes a function of a declared transform, and tokenises its rows without a label', () => {
    const { document, script, changes } = translate(JSON.parse(catalogueText('context_ov_static')));
    expect(document).toMatchObject({
      passes: {
        ov_quantize: { transform_fn: 'transform_ov_quantize', user_script: 'user_script.py', data_config: 'quantize_data_config' },
      },
      data_configs: [{ pre_process_data_config: { type: 'tokenizer_pre_process', input_cols: ['text'], max_length: 128 } }],
    });
    expect(Object.keys(document['passes'] ?? {})).toEqual(['optimum_convert', 'io_update', 'ov_quantize', 'encapsulation']);
    expect(script).toContain(
      'def transform_ov_quantize(item):\n    return _named(item, ["input_ids", "attention_mask", "token_type_ids"])\n',
    );
    expect(changes).toHaveLength(2);
  });

  it('finds a transform below config, and makes a Python name of any pass name', () => {
    const { document, script } = translate(withTransform({ config: { transform_fn: TRANSFORM, data_config: 'rows' } }));
    expect(document).toMatchObject({
      passes: { 'my pass': { config: { transform_fn: 'transform_my_pass', user_script: 'user_script.py' } } },
      // The task is feature-extraction, for which Olive looks for no label.
      data_configs: [{ pre_process_data_config: { input_cols: ['text'] } }],
    });
    expect(script).toContain('def transform_my_pass(item):');
  });

  it('keeps the pre-processing a recipe names itself', () => {
    const data_configs = [{ name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { type: 'ner_huggingface_preprocess' } }];
    const input_model = { type: 'HfModel', model_path: 'some/model', task: 'fill-mask' };
    const { document } = translate(withTransform({ transform_fn: TRANSFORM, data_config: 'rows' }, { data_configs, input_model }));
    expect(document).toMatchObject({ data_configs: [{ pre_process_data_config: { type: 'ner_huggingface_preprocess' } }] });
  });

  it('leaves a Python function alone', () => {
    const document = withTransform({ transform_fn: 'my_function', user_script: 'mine.py' });
    expect(translate(document)).toEqual({ document, script: null, changes: [] });
  });

  it.each([
    [{ type: 'something else', names: ['a'] }],
    [{ type: 'model_inputs' }],
    [{ type: 'model_inputs', names: [] }],
    [{ type: 'model_inputs', names: ['a"]); import os; os.system("x'] }],
  ])('refuses a transform it cannot translate: %j', (transform_fn) => {
    expect(() => translate(withTransform({ transform_fn }))).toThrow('$.passes["my pass"].transform_fn');
  });

  it('loses no member of the recipe', () => {
    const original: JsonObject = JSON.parse(catalogueText('context_ov_static'));
    const { document } = translate(original);
    expect(Object.keys(document)).toEqual(Object.keys(original));
  });
});
