import { describe, expect, it } from 'vitest';
import { DataType } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import type { Model } from '../../graph/model.ts';
import { float32Tensor } from '../../graph/tensor.ts';
import { tensorType, type ValueInfo } from '../../graph/value.ts';
import { graphWith, modelOf, runOnce } from '../passes.cases.ts';
import { operate } from './surgeries.cases.ts';

/** `y = a - b`, `z = if flag then a else b`, where the branches read both from outside; `c` is a constant. */
function model(): Model {
  const graph = graphWith({ a: ['n'], b: [2] });
  graph.addInput('flag', tensorType(DataType.BOOL, []));
  graph.setInitializer('c', float32Tensor([1], [5]));
  graph.addNode({ opType: 'Sub', name: 'sub', inputs: ['a', 'b'], outputs: ['y'] });
  const branch = (name: string, read: string) => {
    const body = new Graph(name);
    body.addNode({ opType: 'Add', inputs: [read, 'y'], outputs: [`${name}_y`] });
    body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, undefined));
    return { kind: 'graph', value: body } as const;
  };
  const attributes = { then_branch: branch('then', 'a'), else_branch: branch('else', 'b') };
  graph.addNode({ opType: 'If', inputs: ['flag'], outputs: ['z'], attributes });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
  graph.addOutput('z', tensorType(DataType.FLOAT, undefined));
  return modelOf(graph);
}

const vector = (...values: number[]) => ({ dtype: 'float32', dims: [values.length], data: Float32Array.from(values) }) as const;
const flag = { dtype: 'bool', dims: [], data: Uint8Array.of(1) } as const;
const namesOf = (list: readonly ValueInfo[]) => list.map(({ name }) => name);
const dimsOf = ({ type }: ValueInfo) => (type?.kind === 'tensor' ? type.dims : undefined);

describe('RenameInputs', () => {
  it('renames everywhere, bodies included', async () => {
    const renamed = model();
    const { counts, findings } = await operate(renamed, 'RenameInputs', { old_names: ['a', 'flag'], new_names: ['left', 'choice'] });
    expect([counts, findings]).toEqual([{ RenameInputs: 2 }, []]);
    const { outputs } = await runOnce(renamed, { left: vector(3, 4), b: vector(1, 1), choice: flag });
    expect(outputs['z']?.data).toEqual(Float32Array.of(5, 7));
  });

  it('swaps names', async () => {
    const renamed = model();
    await operate(renamed, 'RenameInputs', { old_names: ['a', 'b'], new_names: ['b', 'a'] });
    expect(namesOf(renamed.graph.inputs)).toEqual(['b', 'a', 'flag']);
    expect((await runOnce(renamed, { b: vector(3, 4), a: vector(1, 1), flag })).outputs['y']?.data).toEqual(Float32Array.of(2, 3));
  });

  it('lets the default of an input follow it', async () => {
    const renamed = model();
    renamed.graph.addInput('c', tensorType(DataType.FLOAT, [1]));
    await operate(renamed, 'RenameInputs', { old_names: ['c'], new_names: ['constant'] });
    expect([...renamed.graph.initializers.keys()]).toEqual(['constant']);
  });

  it('says which names no input has', async () => {
    const { counts, findings } = await operate(model(), 'RenameInputs', { old_names: ['a', 'q'], new_names: ['left', 'r'] });
    expect(counts['RenameInputs']).toBe(1);
    expect(findings).toEqual([
      { rule: 'surgery-incomplete', message: 'RenameInputs: the model has no input "q"', param: 'surgeries', member: '[0]' },
    ]);
  });

  it.each([
    ['a name another value has', { old_names: ['a'], new_names: ['y'] }],
    ['a name of a constant', { old_names: ['a'], new_names: ['c'] }],
    ['a name inside a body', { old_names: ['a'], new_names: ['then_y'] }],
    ['one name for two inputs', { old_names: ['a', 'b'], new_names: ['x', 'x'] }],
  ])('refuses %s', async (_, args) => {
    await expect(operate(model(), 'RenameInputs', args)).rejects.toMatchObject({ code: 'pass-failed' });
  });

  it('refuses lists of different length', async () => {
    await expect(operate(model(), 'RenameInputs', { old_names: ['a'], new_names: [] })).rejects.toThrow('as many names');
  });
});

describe('RenameOutputs', () => {
  it('renames outputs and who else reads them', async () => {
    const renamed = model();
    await operate(renamed, 'RenameOutputs', { old_names: ['y', 'z'], new_names: ['difference', 'y'] });
    const { outputs } = await runOnce(renamed, { a: vector(3, 4), b: vector(1, 1), flag });
    expect(outputs).toMatchObject({ difference: { data: Float32Array.of(2, 3) }, y: { data: Float32Array.of(5, 7) } });
  });

  it('renames a constant that is an output', async () => {
    const renamed = model();
    renamed.graph.addOutput('c', tensorType(DataType.FLOAT, [1]));
    await operate(renamed, 'RenameOutputs', { old_names: ['c'], new_names: ['five'] });
    expect([...renamed.graph.initializers.keys()]).toEqual(['five']);
  });

  it('refuses an output that is an input', async () => {
    const through = model();
    through.graph.addOutput('a', tensorType(DataType.FLOAT, ['n']));
    const args = { old_names: ['a'], new_names: ['out'] };
    await expect(operate(through, 'RenameOutputs', args)).rejects.toThrow('is an input too');
  });

  it('says which names no output has', async () => {
    const { findings } = await operate(model(), 'RenameOutputs', { old_names: ['a'], new_names: ['left'] });
    expect(findings).toMatchObject([{ rule: 'surgery-incomplete', message: 'RenameOutputs: the model has no output "a"' }]);
  });
});

describe('RenameInputDims and RenameOutputDims', () => {
  it.each([
    ['by name', { input_name: 'b', dim_idx: 0 }],
    ['by place', { input_idx: 1, dim_idx: 0 }],
    ['from the end', { input_idx: -2, dim_idx: -1 }],
    ['by name before place', { input_name: 'b', input_idx: 0, dim_idx: 0 }],
  ])('find an axis %s', async (_, args) => {
    const renamed = model();
    await operate(renamed, 'RenameInputDims', { ...args, dim_name: 'rows' });
    expect(renamed.graph.inputs.map(dimsOf)).toEqual([['n'], ['rows'], []]);
  });

  it('let a fixed input take any size', async () => {
    const renamed = model();
    await operate(renamed, 'RenameInputDims', { input_name: 'b', dim_idx: 0, dim_name: 'n' });
    await operate(renamed, 'RenameOutputDims', { output_idx: 0, dim_idx: 0, dim_name: 'n' });
    expect(renamed.graph.outputs.map(dimsOf)).toEqual([['n'], undefined]);
    const { outputs } = await runOnce(renamed, { a: vector(3, 4, 5), b: vector(1, 1, 1), flag });
    expect(outputs['y']?.dims).toEqual([3]);
  });

  it.each([
    ['RenameInputDims', { input_name: 'q', dim_idx: 0 }, 'no input "q"'],
    ['RenameInputDims', { input_idx: 3, dim_idx: 0 }, 'no input number 3'],
    ['RenameInputDims', { input_name: 'a', dim_idx: 1 }, 'none is number 1'],
    ['RenameInputDims', { input_name: 'a', dim_idx: -2 }, 'none is number -2'],
    ['RenameInputDims', { dim_idx: 0 }, 'input_name or input_idx'],
    ['RenameOutputDims', { output_idx: 2, dim_idx: 0 }, 'none is number 2'],
    ['RenameOutputDims', { output_idx: 1, dim_idx: 0 }, 'no shape'],
  ])('%s refuses %o', async (surgeon, args, message) => {
    await expect(operate(model(), surgeon, { ...args, dim_name: 'rows' })).rejects.toThrow(message);
  });
});
