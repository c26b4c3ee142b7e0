import { describe, expect, it } from 'vitest';
import { tensorAttribute } from '../graph/attribute.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { modelFacts, operatorChanges } from './model-facts.ts';

function modelOf(build: (graph: Graph) => void): Model {
  const graph = new Graph('g');
  build(graph);
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

const constant = (graph: Graph, output: string): void => {
  const value = tensorAttribute(float32Tensor([3], new Float32Array(3)));
  graph.addNode({ opType: 'Constant', inputs: [], outputs: [output], attributes: { value } });
};

describe('modelFacts', () => {
  it('counts initialisers and tensors in attributes, bodies included', () => {
    const model = modelOf((graph) => {
      graph.setInitializer('w', float32Tensor([2, 2], new Float32Array(4)));
      constant(graph, 'a');
      const body = new Graph('then');
      constant(body, 'b');
      graph.addNode({ opType: 'If', inputs: ['c'], outputs: ['d'], attributes: { then_branch: { kind: 'graph', value: body } } });
    });
    const { nodes, bytes, operators } = modelFacts(model);
    expect({ nodes, bytes }).toEqual({ nodes: 2, bytes: 16 + 12 + 12 });
    expect(Object.fromEntries(operators)).toEqual({ Constant: 2, If: 1 });
  });

  it('knows nothing before there is a model', () => {
    expect(modelFacts(undefined)).toMatchObject({ nodes: 0, bytes: 0 });
  });
});

describe('operatorChanges', () => {
  const facts = (operators: Record<string, number>) => ({ nodes: 0, bytes: 0, operators: new Map(Object.entries(operators)) });

  it('lists what changed, largest first', () => {
    const changes = operatorChanges(facts({ Add: 3, Cast: 9, Mul: 1 }), facts({ Add: 4, Mul: 1, Gemm: 2 }));
    expect(Object.entries(changes)).toEqual([
      ['Cast', -9],
      ['Gemm', 2],
      ['Add', 1],
    ]);
  });

  it('stays small for a graph of as many operator types as nodes, or with endless names', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`Op${index}`, 1]));
    expect(Object.keys(operatorChanges(facts({}), facts({ ...many, ['x'.repeat(5_000)]: 1 })))).toHaveLength(100);
  });
});
