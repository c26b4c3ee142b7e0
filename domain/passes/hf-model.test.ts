import { describe, expect, it } from 'vitest';
import { minimalDocument, parse } from '../recipe/recipe.cases.ts';
import { hfModelReason, loadSettings } from './hf-model.ts';

describe('how a checkpoint is loaded', () => {
  it('is as transformers does without load_kwargs', () => {
    expect(loadSettings({})).toEqual({ attention: 'sdpa', torchDtype: null, trustsRemoteCode: false });
  });

  it('is read from load_kwargs and from extra_args, of which the former win', () => {
    const extra_args = { attn_implementation: 'eager', torch_dtype: 'float32' };
    const config = { load_kwargs: { torch_dtype: 'torch.float16', trust_remote_code: true, extra_args } };
    expect(loadSettings(config)).toEqual({ attention: 'eager', torchDtype: 'float16', trustsRemoteCode: true });
  });
});

describe('an HfModel', () => {
  it.each([
    [{}],
    [{ load_kwargs: null, adapter_path: null }],
    [{ load_kwargs: { attn_implementation: 'eager', torch_dtype: 'auto', trust_remote_code: false, cache_dir: '/tmp' } }],
    [{ io_config: { input_names: ['input_ids'], kv_cache: false }, model_attributes: { a: 1 } }],
  ])('with %j exports natively', (config) => {
    expect(hfModelReason(config)).toBeUndefined();
  });

  it.each([
    [{ adapter_path: 'lora' }, 'input_model.adapter_path'],
    [{ load_kwargs: { attn_implementation: 'flash_attention_2' } }, 'load_kwargs.attn_implementation'],
    [{ load_kwargs: { torch_dtype: 'bfloat16' } }, 'load_kwargs.torch_dtype'],
    [{ load_kwargs: { num_labels: 3 } }, 'load_kwargs.num_labels'],
    [{ load_kwargs: { extra_args: { quantization_config: {} } } }, 'load_kwargs.quantization_config'],
    [{ io_config: 'io_config_function' }, 'io_config of a script'],
    [{ io_config: { kv_cache: true } }, 'io_config.kv_cache'],
  ])('with %j needs Olive', (config, reason) => {
    expect(hfModelReason(config)).toContain(reason);
  });
});

describe('OnnxConversion', () => {
  it.each([
    [
      { type: 'HfModel', model_path: 'm', task: 'summarization' },
      ' (task summarization; natively exported are feature-extraction, text-classification, token-classification, fill-mask, question-answering)',
    ],
    [{ type: 'HfModel', model_path: 'm' }, expect.stringContaining(' (task text-generation-with-past; ')],
    [{ type: 'HfModel', model_path: 'm', task: 'fill-mask', adapter_path: 'lora' }, ' (input_model.adapter_path)'],
  ])('of %j needs Olive', (model, detail) => {
    expect(parse(minimalDocument({ input_model: model })).recipe.passes[0]).toMatchObject({ known: 'olive', detail });
  });

  it.each([
    ['float16', 'native'],
    ['torch.float16', 'native'],
    ['bfloat16', 'olive'],
  ])('in %s is %s', (dtype, known) => {
    const passes = { conversion: { type: 'OnnxConversion', torch_dtype: dtype } };
    expect(parse(minimalDocument({ passes })).recipe.passes[0]).toMatchObject({ known });
  });
});
