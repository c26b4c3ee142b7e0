import { describe, expect, it } from 'vitest';
import { DataType } from '../../graph/data-type.ts';
import type { Model } from '../../graph/model.ts';
import { tensorType, type ValueType } from '../../graph/value.ts';
import { graphWith, modelOf, runOnce } from '../passes.cases.ts';
import { operate } from './surgeries.cases.ts';

/** `y = exp(|x|)`, `s = size of x`. */
function model(): Model {
  const graph = graphWith({ x: ['n', 2] });
  graph.addNode({ opType: 'Abs', name: 'abs', inputs: ['x'], outputs: ['a'] });
  graph.addNode({ opType: 'Exp', name: 'exp', inputs: ['a'], outputs: ['y'] });
  graph.addNode({ opType: 'Size', name: 'size', inputs: ['x'], outputs: ['s'] });
  graph.addOutput('y', undefined);
  return modelOf(graph);
}

const feeds = { x: { dtype: 'float32', dims: [1, 2], data: Float32Array.of(0, -1) } } as const;

describe('InferShapes', () => {
  it('records what ONNX Runtime infers, scalars and outputs too', async () => {
    const typed = model();
    expect((await operate(typed, 'InferShapes')).counts).toEqual({ InferShapes: 3 });
    expect(['a', 's', 'y'].map((name) => typed.graph.typeOf(name))).toEqual([
      tensorType(DataType.FLOAT, ['n', 2]),
      tensorType(DataType.INT64, []),
      tensorType(DataType.FLOAT, ['n', 2]),
    ]);
    expect((await operate(typed, 'InferShapes')).findings).toMatchObject([{ rule: 'surgery-matches-nothing' }]);
  });

  it.each<[string, ValueType, ValueType]>([
    ['fills what a record leaves open', tensorType(DataType.FLOAT, [null, null]), tensorType(DataType.FLOAT, ['n', 2])],
    ['keeps a name that was recorded', tensorType(DataType.FLOAT, ['rows', 2]), tensorType(DataType.FLOAT, ['rows', 2])],
    ['gives a record its rank', tensorType(DataType.FLOAT, undefined), tensorType(DataType.FLOAT, ['n', 2])],
    ['replaces a record of another rank', tensorType(DataType.FLOAT, [4]), tensorType(DataType.FLOAT, ['n', 2])],
    ['replaces a record of another size', tensorType(DataType.FLOAT, ['n', 3]), tensorType(DataType.FLOAT, ['n', 2])],
    ['replaces a record of another type', tensorType(DataType.INT8, ['n', 2]), tensorType(DataType.FLOAT, ['n', 2])],
  ])('%s', async (_, recorded, expected) => {
    const typed = model();
    typed.graph.setType('a', recorded);
    await operate(typed, 'InferShapes');
    expect(typed.graph.typeOf('a')).toEqual(expected);
  });

  it('finds nothing in an empty graph', async () => {
    const through = graphWith({ x: [1] });
    through.addOutput('x', tensorType(DataType.FLOAT, [1]));
    expect((await operate(modelOf(through), 'InferShapes')).findings).toHaveLength(1);
  });
});

describe('RemoveShapes', () => {
  it('drops the records of intermediate values only', async () => {
    const typed = model();
    typed.graph.setType('a', tensorType(DataType.FLOAT, ['n', 2]));
    expect((await operate(typed, 'RemoveShapes')).counts).toEqual({ RemoveShapes: 1 });
    expect(typed.graph.typeOf('a')).toBeUndefined();
    expect(typed.graph.typeOf('x')).toBeDefined();
    expect((await operate(typed, 'RemoveShapes')).findings).toHaveLength(1);
  });
});

describe('ExposeOutputs', () => {
  it('lists the first output of named nodes behind the others, with its type', async () => {
    const exposed = model();
    exposed.graph.setType('a', tensorType(DataType.INT8, [9]));
    const { counts, findings } = await operate(exposed, 'ExposeOutputs', { names: ['size', 'abs', 'exp'] });
    expect([counts, findings]).toEqual([{ ExposeOutputs: 2 }, []]);
    expect(exposed.graph.outputs.map(({ name }) => name)).toEqual(['y', 'a', 's']);
    expect(exposed.graph.typeOf('a')).toEqual(tensorType(DataType.FLOAT, ['n', 2]));
    const { outputs } = await runOnce(exposed, feeds);
    expect(outputs['a']?.data).toEqual(Float32Array.of(0, 1));
  });

  it('says which nodes there are not', async () => {
    const { findings } = await operate(model(), 'ExposeOutputs', { names: ['a'] });
    expect(findings).toMatchObject([{ rule: 'surgery-incomplete', message: 'ExposeOutputs: the main graph has no node "a"' }]);
  });
});

describe('DeduplicateNodes', () => {
  it('finds nothing, and says why', async () => {
    const { findings } = await operate(model(), 'DeduplicateNodes');
    expect(findings).toMatchObject([{ message: expect.stringContaining('two producers') }]);
  });
});
