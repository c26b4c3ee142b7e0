import { describe, expect, test } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel, findProblems } from './check.ts';
import { richModel } from './models.cases.ts';

const floats = tensorType(DataType.FLOAT, [2]);

function model(build: (graph: Graph) => void): Model {
  const graph = new Graph('g');
  graph.addInput('x', floats);
  build(graph);
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

test('a sound model has no problems', () => {
  expect(findProblems(richModel())).toEqual([]);
});

test('an input that is an initializer as well is a default, not a duplicate', () => {
  const sound = model((graph) => {
    graph.setInitializer('x', float32Tensor([2], [1, 2]));
    graph.addOutput('x', floats);
  });
  expect(findProblems(sound)).toEqual([]);
});

describe('problems are named with their place', () => {
  test.each<[string, (graph: Graph) => void, string]>([
    ['an undefined input', (graph) => graph.addNode({ opType: 'Relu', name: 'r', inputs: ['nothing'], outputs: ['y'] }), 'node "r" (Relu)'],
    ['an undefined output', (graph) => graph.addOutput('y', floats), 'output "y"'],
    [
      'an operator set that is not imported',
      (graph) => graph.addNode({ opType: 'Gelu', domain: 'com.microsoft', inputs: ['x'], outputs: ['y'] }),
      'com.microsoft',
    ],
    ['a node without operator', (graph) => graph.addNode({ opType: '', inputs: [], outputs: ['y'] }), 'names no operator'],
    ['a node that overwrites an input', (graph) => graph.addNode({ opType: 'Relu', inputs: ['x'], outputs: ['x'] }), 'already taken'],
    [
      'an impossible tensor',
      (graph) => graph.setInitializer('w', { dataType: DataType.FLOAT, dims: [2], bytes: new Uint8Array(4) }),
      'initializer "w"',
    ],
    ['a negative dimension', (graph) => graph.addInput('n', tensorType(DataType.FLOAT, [-1])), 'negative'],
    ['a shape that overflows', (graph) => graph.addInput('n', tensorType(DataType.FLOAT, [2 ** 40, 2 ** 40])), 'more elements'],
    [
      'a cycle',
      (graph) => {
        graph.addNode({ opType: 'Relu', inputs: ['b'], outputs: ['a'] });
        graph.addNode({ opType: 'Relu', inputs: ['a'], outputs: ['b'] });
      },
      'depends on its own output',
    ],
    [
      'a body that reads what nobody defines',
      (graph) => {
        const body = new Graph('body');
        body.addNode({ opType: 'Neg', inputs: ['ghost'], outputs: ['n'] });
        body.addOutput('n', floats);
        graph.addNode({ opType: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: { kind: 'graph', value: body } } });
      },
      '"ghost"',
    ],
    [
      'a body that redefines an outer name',
      (graph) => {
        const body = new Graph('body');
        body.addNode({ opType: 'Neg', inputs: ['x'], outputs: ['x'] });
        graph.addNode({ opType: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: { kind: 'graph', value: body } } });
      },
      'graph "body"',
    ],
  ])('%s', (_, build, expected) => {
    const problems = findProblems(model(build)).map(({ path, message }) => `${path}: ${message}`);
    expect(problems.join('\n')).toContain(expected);
  });
});

test('checkModel throws the first problem and lists all', () => {
  const broken = model((graph) => {
    graph.addOutput('y', floats);
    graph.addOutput('z', floats);
  });
  const two = [expect.objectContaining({ path: 'graph "g", output "y"' }), expect.objectContaining({ path: 'graph "g", output "z"' })];
  expect(() => checkModel(broken, 'm.onnx')).toThrow(expect.objectContaining({ code: 'invalid-onnx', problems: two }));
});

test('a model without outputs is refused', () => {
  expect(findProblems(model(() => {}))).toEqual([{ path: 'graph "g"', message: 'it has no outputs' }]);
});

test('a model that imports nothing is refused', () => {
  const graph = new Graph('g');
  graph.addInput('x', floats);
  graph.addOutput('x', floats);
  expect(findProblems(createModel(graph, { irVersion: 0, opsetImports: [] })).map((problem) => problem.path)).toEqual([
    'opset_import',
    'ir_version',
  ]);
});
