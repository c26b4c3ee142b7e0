import { describe, expect, it } from 'vitest';
import { oliveModelMembers, oliveRefusal } from './olive-refusal.ts';
import { minimalDocument, parse } from './recipe.cases.ts';
import type { JsonObject } from './recipe.ts';

const HF = { type: 'HfModel', model_path: 'm', task: 'feature-extraction' };
const recipeOf = (changes: JsonObject) => parse(minimalDocument(changes)).recipe;
const withModel = (members: JsonObject) => recipeOf({ input_model: { ...HF, ...members } });

describe('what Olive is not given', () => {
  it.each<[string, JsonObject]>([
    ['a script of a pass', { passes: { c: { type: 'OnnxConversion', user_script: 'x.py' } } }],
    ['a folder of scripts', { passes: { c: { type: 'OnnxConversion', config: { script_dir: 'x' } } } }],
    ['a script of the model', { input_model: { ...HF, config: { model_script: 'x.py' } } }],
    ['a script of a data config', { data_configs: [{ name: 'd', type: 'DummyDataContainer', user_script: 'x.py' }] }],
  ])('is %s', (_what, changes) => {
    expect(oliveRefusal(recipeOf(changes))).toMatchObject({ code: 'user-script-refused' });
  });

  it.each<[string, JsonObject]>([
    ['another kind of model', { type: 'PyTorchModel' }],
    ['an adapter', { adapter_path: 'x' }],
    ['settings of sessions, which name libraries', { type: 'ONNXModel', inference_settings: {} }],
    ['a file elsewhere', { type: 'ONNXModel', onnx_file_name: '../x.onnx' }],
    ['an argument of the loader that is not known', { load_kwargs: { custom_generate: 'x' } }],
    ['the same below extra_args', { load_kwargs: { extra_args: { code_revision: 'x' } } }],
    ['attention from a hub', { load_kwargs: { attn_implementation: 'kernels/attention' } }],
  ])('is %s', (_what, members) => {
    expect(oliveRefusal(withModel(members))).toMatchObject({ code: 'unsupported-input' });
  });

  it('is not a plain model', () => {
    expect(oliveRefusal(withModel({}))).toBeUndefined();
    expect(oliveRefusal(withModel({ load_kwargs: { torch_dtype: 'float16', trust_remote_code: true, revision: 'main' } }))).toBeUndefined();
  });
});

it('never trusts the code of a checkpoint', () => {
  const load_kwargs = { trust_remote_code: true, torch_dtype: 'float16', extra_args: { trust_remote_code: true } };
  expect(oliveModelMembers(withModel({ load_kwargs }).inputModel)).toEqual({
    load_kwargs: { torch_dtype: 'float16', trust_remote_code: false },
  });
  expect(oliveModelMembers(withModel({}).inputModel)).toEqual({ load_kwargs: { trust_remote_code: false } });
});
