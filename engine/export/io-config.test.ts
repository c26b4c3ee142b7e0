import { describe, expect, test } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { type IoRequest, resolveIo } from './io-config.ts';

const BERT = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

function resolve(ioConfig: unknown, changes: Partial<IoRequest> = {}) {
  return resolveIo({ task: 'text-classification', accepts: BERT, dynamic: true, ioConfig, ...changes });
}

const shapes = (count: number) => ({ input_shapes: Array(count).fill([1, 8]), input_types: Array(count).fill('int64') });
const outputs = { output_names: ['logits'] };

describe('inputs and outputs', () => {
  test('come from the task without an io_config', () => {
    const io = resolve(undefined, { task: 'question-answering', accepts: ['input_ids', 'attention_mask'] });
    expect(io.inputs.map(({ name, dims }) => [name, dims])).toEqual([
      ['input_ids', ['batch_size', 'sequence_length']],
      ['attention_mask', ['batch_size', 'sequence_length']],
    ]);
    expect(io.outputNames).toEqual(['start_logits', 'end_logits']);
    expect(io.outputAxes.get('end_logits')?.get(1)).toBe('sequence_length');
  });

  test('have the shapes, types, names and axes of an io_config', () => {
    const io = resolve({
      ...{ input_names: ['input_ids', 'attention_mask'], ...outputs },
      ...{ input_shapes: Array(2).fill([3, 9]), input_types: ['int32', 'int64'] },
      dynamic_axes: { input_ids: { 0: 'N' }, attention_mask: { 0: 'N', 1: 'L' }, logits: { 0: 'N', 1: '2' }, unknown: null },
      string_to_int_dim_params: ['2'],
    });
    expect(io.inputs).toEqual([
      { argument: 'input_ids', name: 'input_ids', dataType: DataType.INT32, dims: ['N', 9] },
      { argument: 'attention_mask', name: 'attention_mask', dataType: DataType.INT64, dims: ['N', 'L'] },
    ]);
    expect([...io.numericNames]).toEqual(['2']);
  });

  test('are fixed at the shapes of the io_config when nothing is dynamic', () => {
    const io = resolve({ input_names: BERT, ...outputs, ...shapes(3), dynamic_axes: { input_ids: { 0: 'N' } } }, { dynamic: false });
    expect(io.inputs.map(({ dims }) => dims)).toEqual(Array(3).fill([1, 8]));
    expect(io.outputAxes.size).toBe(0);
  });

  test('bear new names by position when there are no shapes', () => {
    const io = resolve({ input_names: ['ids', 'mask', 'types'], ...outputs });
    expect(io.inputs.map(({ argument, name }) => [argument, name])).toEqual([
      ['input_ids', 'ids'],
      ['attention_mask', 'mask'],
      ['token_type_ids', 'types'],
    ]);
  });

  test("keep their meaning in another order than the model's", () => {
    const io = resolve({ input_names: ['token_type_ids', 'input_ids', 'attention_mask'], ...outputs });
    expect(io.inputs.map(({ argument, name }) => argument === name)).toEqual([true, true, true]);
  });
});

describe('an io_config is refused', () => {
  test.each<[string, object, string]>([
    ['without names', { ...outputs }, 'input_names'],
    ['that is a list', [], 'expected object'],
    ['with an axis that is no number', { input_names: BERT, ...outputs, dynamic_axes: { input_ids: { x: 'N' } } }, 'dynamic_axes'],
    ['with a name given twice', { input_names: ['input_ids', 'input_ids'], ...outputs }, 'twice'],
    ['with an output that is named as an input', { input_names: BERT, output_names: ['input_ids', 'b'] }, 'an input or another output'],
    ['with two outputs of one name', { input_names: BERT, output_names: ['a', 'a'] }, 'an input or another output'],
    [
      "with shapes and a name that is not the model's",
      { input_names: ['ids', 'attention_mask'], ...outputs, ...shapes(2) },
      'no input "ids"',
    ],
    ['without the ids', { input_names: ['attention_mask', 'token_type_ids'], ...outputs, ...shapes(2) }, 'lacks input_ids'],
    ['without the mask', { input_names: ['input_ids'], ...outputs, ...shapes(1) }, 'lacks attention_mask'],
    ['that leaves an input out without shapes', { input_names: ['input_ids', 'attention_mask'], ...outputs }, 'leaves out token_type_ids'],
    ['with fewer new names than inputs', { input_names: ['a', 'b'], ...outputs }, '2 names'],
    ['with shapes of another number', { input_names: BERT, ...outputs, ...shapes(2) }, 'differ in length'],
    [
      'with different shapes',
      {
        input_names: BERT,
        ...outputs,
        ...shapes(3),
        input_shapes: [
          [1, 8],
          [1, 8],
          [1, 9],
        ],
      },
      'one [batch, sequence]',
    ],
    [
      'with shapes of another rank',
      { input_names: BERT, ...outputs, ...shapes(3), input_shapes: Array(3).fill([8]) },
      'one [batch, sequence]',
    ],
    ['with shapes and no types', { input_names: BERT, ...outputs, input_shapes: Array(3).fill([1, 8]) }, 'input_types'],
    ['with floats for ids', { input_names: BERT, ...outputs, ...shapes(3), input_types: Array(3).fill('float32') }, 'float32'],
  ])('%s', (_, ioConfig, problem) => {
    const expected = { code: 'unsupported-input', message: expect.stringContaining(problem) };
    expect(() => resolve(ioConfig)).toThrow(expect.objectContaining(expected));
  });
});
