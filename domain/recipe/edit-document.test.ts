import { describe, expect, it } from 'vitest';
import { GroveError } from '../errors.ts';
import { overrideTask } from './override-task.ts';
import { catalogueText, minimalDocument, parse } from './recipe.cases.ts';
import { setParameter } from './set-parameter.ts';

describe('setParameter', () => {
  const document = minimalDocument({
    passes: {
      first: { type: 'OnnxConversion', config: { target_opset: 17 } },
      surgery: { type: 'GraphSurgeries', surgeries: [{ surgeon: 'ReplaceAttentionMaskValue' }] },
      last: [{ type: 'OnnxFloatToFloat16' }, { type: 'OrtMixedPrecision' }],
    },
  });

  it('replaces a parameter where it stands and adds one beside the type', () => {
    expect(setParameter(document, 'first.target_opset=20')).toMatchObject({ passes: { first: { config: { target_opset: 20 } } } });
    expect(setParameter(document, 'first.dynamic=false')).toMatchObject({
      passes: { first: { dynamic: false, config: { target_opset: 17 } } },
    });
  });

  it('reaches into lists, and into the first alternative', () => {
    const changed = setParameter(setParameter(document, 'surgery.surgeries[0].replacement=-100'), 'last.keep_io_types=["logits"]');
    const { recipe } = parse(changed);
    expect(recipe.passes[1]?.params['surgeries']).toEqual([{ surgeon: 'ReplaceAttentionMaskValue', threshold: -3e30, replacement: -100 }]);
    expect(recipe.passes[2]?.params['keep_io_types']).toEqual(['logits']);
  });

  it('keeps what is not JSON as text, and the order of passes', () => {
    const changed = setParameter(document, 'first.torch_dtype=float32');
    expect(changed).toMatchObject({ passes: { first: { torch_dtype: 'float32' } } });
    expect(parse(changed).recipe.passes.map(({ name }) => name)).toEqual(['first', 'surgery', 'last']);
  });

  it.each([
    ['first.target_opset', 'not of the form'],
    ['frist.target_opset=1', 'perhaps "first"'],
    ['surgery.surgeries[3].replacement=1', 'there is no item 3'],
    ['surgery.surgeries.x=1', 'has nothing to belong to'],
    ['first.[=1', 'not a parameter path'],
  ])('refuses %s', (assignment, message) => {
    expect(() => setParameter(document, assignment)).toThrow(GroveError);
    expect(() => setParameter(document, assignment)).toThrow(message);
  });

  it('lets the parser report a bad value', () => {
    expect(() => parse(setParameter(document, 'first.target_opset=high'))).toThrow('$.passes.first.config.target_opset');
  });
});

describe('overrideTask', () => {
  it('replaces the task of the model, nested or not', () => {
    expect(parse(overrideTask(minimalDocument(), 'text-classification')).recipe.inputModel.task).toBe('text-classification');
    const nested = minimalDocument({ input_model: { type: 'HfModel', config: { task: 'fill-mask' } } });
    expect(overrideTask(nested, 'x')).toMatchObject({ input_model: { config: { task: 'x' } } });
  });

  it('replaces the task an OpenVINO conversion names for itself', () => {
    const changed = overrideTask(JSON.parse(catalogueText('context_ov_static')), 'text-classification');
    expect(changed).toMatchObject({ passes: { optimum_convert: { extra_args: { device: 'npu', task: 'text-classification' } } } });
  });
});
