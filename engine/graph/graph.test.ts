import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { DataType } from './data-type.ts';
import { Graph, type Node } from './graph.ts';
import { float32Tensor } from './tensor.ts';
import { allNodes, removeUnused, sortByReadiness, sortTopologically } from './topology.ts';
import { tensorType } from './value.ts';

const floats = tensorType(DataType.FLOAT, [2]);

/** x -> Relu -> a -> Add(w) -> y */
function smallGraph(): { graph: Graph; relu: Node; add: Node } {
  const graph = new Graph('g');
  graph.addInput('x', floats);
  graph.setInitializer('w', float32Tensor([2], [1, 2]));
  const relu = graph.addNode({ opType: 'Relu', name: 'relu', inputs: ['x'], outputs: ['a'] });
  const add = graph.addNode({ opType: 'Add', name: 'add', inputs: ['a', 'w'], outputs: ['y'] });
  graph.addOutput('y', floats);
  return { graph, relu, add };
}

/** If(c) with both branches reading the outer value `a`. */
function withBranches(graph: Graph): { node: Node; then: Graph } {
  const branch = (name: string): Graph => {
    const body = new Graph(name);
    body.addNode({ opType: 'Neg', name: `${name}_neg`, inputs: ['a'], outputs: [`${name}_out`] });
    body.addOutput(`${name}_out`, floats);
    return body;
  };
  const then = branch('then');
  graph.addInput('c', tensorType(DataType.BOOL, []));
  const attributes = {
    then_branch: { kind: 'graph' as const, value: then },
    else_branch: { kind: 'graph' as const, value: branch('else') },
  };
  const node = graph.addNode({ opType: 'If', name: 'if', inputs: ['c'], outputs: ['z'], attributes });
  return { node, then };
}

describe('indexes', () => {
  test('follow every edit', () => {
    const { graph, relu, add } = smallGraph();
    expect(graph.producer('a')).toBe(relu);
    expect(graph.consumers('a')).toEqual([add]);
    graph.setInput(add, 0, 'x');
    expect(graph.consumers('a')).toEqual([]);
    expect(graph.consumers('x')).toEqual([relu, add]);
    graph.setOutput(relu, 0, 'b');
    expect(graph.producer('a')).toBeUndefined();
    expect(graph.producer('b')).toBe(relu);
    graph.removeNode(relu);
    expect(graph.consumers('x')).toEqual([add]);
    expect(graph.producer('b')).toBeUndefined();
  });

  test('count a value read twice by one node', () => {
    const { graph, add } = smallGraph();
    graph.setInput(add, 1, 'a');
    expect(graph.useCount('a')).toBe(2);
    expect(graph.consumers('a')).toEqual([add]);
    graph.setInput(add, 0, 'x');
    expect(graph.useCount('a')).toBe(1);
  });

  test('refuse a second producer and a node that overwrites an initializer', () => {
    const { graph } = smallGraph();
    expect(() => graph.addNode({ opType: 'Neg', inputs: ['x'], outputs: ['a'] })).toThrow('"a" is defined twice');
    expect(() => graph.addNode({ opType: 'Neg', inputs: ['x'], outputs: ['w'] })).toThrow('"w" is defined twice');
    expect(() => graph.setInitializer('a', float32Tensor([], [1]))).toThrow('"a" is defined twice');
  });

  test('agree with a recount after any sequence of edits', () => {
    const edit = fc.record({ kind: fc.constantFrom('add', 'remove', 'setInput', 'replaceUses'), a: fc.nat(50), b: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
        const graph = new Graph('g');
        graph.addInput('v0', floats);
        let next = 1;
        const value = (index: number): string => `v${index % next}`;
        for (const { kind, a, b } of edits) {
          const nodes = [...graph.nodes];
          const node = nodes[a % Math.max(1, nodes.length)];
          if (kind === 'add') graph.addNode({ opType: 'Op', inputs: [value(a), value(b)], outputs: [`v${next++}`] });
          else if (kind === 'remove' && node) graph.removeNode(node);
          else if (kind === 'setInput' && node) graph.setInput(node, b % 2, value(b));
          else if (kind === 'replaceUses') graph.replaceUses(value(a), value(b));
        }
        for (let index = 0; index < next; index++) {
          const name = `v${index}`;
          const reads = [...graph.nodes].flatMap((node) => node.inputs.filter((input) => input === name));
          expect(graph.useCount(name)).toBe(reads.length);
        }
      }),
    );
  });
});

describe('subgraphs', () => {
  test('what they capture counts as a use by the node that holds them', () => {
    const { graph, add } = smallGraph();
    const { node } = withBranches(graph);
    expect(graph.consumers('a')).toEqual([add, node]);
    expect(graph.useCount('a')).toBe(3);
    graph.removeNode(node);
    expect(graph.useCount('a')).toBe(1);
  });

  test('captures follow replaceUses', () => {
    const { graph } = smallGraph();
    const { then } = withBranches(graph);
    graph.replaceUses('a', 'x');
    expect([...then.nodes][0]?.inputs).toEqual(['x']);
    expect(graph.useCount('a')).toBe(0);
  });

  test('edits inside a body reach the outer index', () => {
    const { graph } = smallGraph();
    const { node, then } = withBranches(graph);
    then.addNode({ opType: 'Abs', inputs: ['x'], outputs: ['abs'] });
    expect(graph.consumers('x')).toContain(node);
  });

  test('fresh names avoid those of bodies', () => {
    const { graph } = smallGraph();
    const { then } = withBranches(graph);
    expect(graph.freshName('then_out')).toBe('then_out_1');
    expect(then.freshName('a')).toBe('a_1');
    expect(graph.freshName('a')).toBe('a_2');
  });

  test('many fresh names of one base stay unique without trying all of them again', () => {
    const graph = new Graph('many');
    graph.setInitializer('name_3', float32Tensor([1], [0]));
    const lookups = vi.spyOn(Set.prototype, 'has');
    const names = Array.from({ length: 1000 }, () => graph.freshName('name'));
    const count = lookups.mock.calls.length;
    lookups.mockRestore();
    expect(new Set(names).size).toBe(1000);
    expect(names.slice(0, 4)).toEqual(['name', 'name_1', 'name_2', 'name_4']);
    expect(count).toBeLessThan(3000);
  });

  test('allNodes visits bodies after the node that holds them', () => {
    const { graph } = smallGraph();
    withBranches(graph);
    expect([...allNodes(graph)].map(({ node }) => node.name)).toEqual(['relu', 'add', 'if', 'then_neg', 'else_neg']);
  });
});

describe('bypass', () => {
  test('lets readers read the replacement', () => {
    const { graph, relu, add } = smallGraph();
    expect(graph.bypass(relu, 'x')).toBe(true);
    expect(add.inputs).toEqual(['x', 'w']);
    expect(graph.nodes.has(relu)).toBe(false);
  });

  test('keeps the name of a graph output', () => {
    const { graph, relu, add } = smallGraph();
    expect(graph.bypass(add, 'a')).toBe(true);
    expect(relu.outputs).toEqual(['y']);
    expect(graph.outputs.map((output) => output.name)).toEqual(['y']);
  });

  test('refuses when a graph output would have to be a graph input', () => {
    const { graph, add } = smallGraph();
    expect(graph.bypass(add, 'x')).toBe(false);
    expect(graph.nodes.has(add)).toBe(true);
  });
});

describe('renameValue', () => {
  test('renames producers, readers, interface and type records', () => {
    const { graph, relu, add } = smallGraph();
    graph.setType('a', floats);
    for (const [from, to] of [
      ['a', 'A'],
      ['x', 'X'],
      ['y', 'Y'],
      ['w', 'W'],
    ] as const)
      graph.renameValue(from, to);
    expect([relu.inputs, relu.outputs, add.inputs, add.outputs]).toEqual([['X'], ['A'], ['A', 'W'], ['Y']]);
    expect([graph.inputs[0]?.name, graph.outputs[0]?.name]).toEqual(['X', 'Y']);
    expect([...graph.initializers.keys(), ...graph.valueInfo.keys()]).toEqual(['W', 'A']);
    expect(graph.typeOf('A')).toEqual(floats);
  });
});

describe('typeOf', () => {
  test('knows inputs, outputs, initializers and recorded intermediates', () => {
    const { graph } = smallGraph();
    graph.setType('a', tensorType(DataType.FLOAT16, ['n']));
    expect(graph.typeOf('a')).toEqual({ kind: 'tensor', dataType: DataType.FLOAT16, dims: ['n'] });
    expect(graph.typeOf('w')).toEqual({ kind: 'tensor', dataType: DataType.FLOAT, dims: [2] });
    expect([graph.typeOf('x'), graph.typeOf('nothing')]).toEqual([floats, undefined]);
    graph.setType('y', tensorType(DataType.FLOAT16, undefined));
    expect(graph.outputs[0]?.type).toEqual({ kind: 'tensor', dataType: DataType.FLOAT16, dims: undefined });
  });
});

describe('sortByReadiness', () => {
  const namesOf = (graph: Graph): readonly string[] => [...graph.nodes].map((node) => node.name);

  test('puts readers of constants first, by the names of the constants, then whatever becomes ready', () => {
    const { graph } = smallGraph();
    graph.setInitializer('b', float32Tensor([2], [1, 2]));
    graph.setInitializer('a_first', float32Tensor([2], [1, 2]));
    graph.addNode({ opType: 'Neg', name: 'of-b', inputs: ['b'], outputs: ['nb'] });
    graph.addNode({ opType: 'Neg', name: 'of-a', inputs: ['a_first'], outputs: ['na'] });
    graph.addNode({ opType: 'Add', name: 'late', inputs: ['y', 'nb'], outputs: ['z'] });
    graph.addNode({ opType: 'Constant', name: 'constant', inputs: [], outputs: ['c'] });
    sortByReadiness(graph);
    expect(namesOf(graph)).toEqual(['constant', 'of-a', 'of-b', 'relu', 'add', 'late']);
  });

  test('counts a value that a node reads twice, what its bodies read, and inputs that are left out', () => {
    const { graph } = smallGraph();
    graph.addNode({ opType: 'Mul', name: 'square', inputs: ['y', 'y'], outputs: ['yy'] });
    graph.addNode({ opType: 'Clip', name: 'clip', inputs: ['yy', '', 'w'], outputs: ['clipped'] });
    withBranches(graph);
    graph.reorder([...graph.nodes].reverse());
    sortByReadiness(graph);
    const names = namesOf(graph);
    expect(names.indexOf('relu')).toBeLessThan(names.indexOf('if'));
    expect(names.filter((name) => name !== 'if')).toEqual(['relu', 'add', 'square', 'clip']);
  });

  test('reports a cycle', () => {
    const { graph, relu } = smallGraph();
    graph.setInput(relu, 0, 'y');
    expect(() => sortByReadiness(graph)).toThrow('depends on its own output');
  });
});

describe('sortTopologically', () => {
  test('puts a late producer just before its first reader and leaves the rest', () => {
    const { graph, add } = smallGraph();
    const cast = graph.addNode({ opType: 'Cast', name: 'cast', inputs: ['a'], outputs: ['b'] });
    graph.setInput(add, 0, 'b');
    sortTopologically(graph);
    expect([...graph.nodes].map((node) => node.name)).toEqual(['relu', 'cast', 'add']);
    expect(graph.nodes.has(cast)).toBe(true);
  });

  test('orders what only a body reads', () => {
    const { graph, relu } = smallGraph();
    withBranches(graph);
    graph.reorder([...graph.nodes].reverse());
    sortTopologically(graph);
    const names = [...graph.nodes].map((node) => node.name);
    expect(names.indexOf(relu.name)).toBeLessThan(names.indexOf('if'));
  });

  test('reports a cycle', () => {
    const { graph, relu } = smallGraph();
    graph.setInput(relu, 0, 'y');
    expect(() => sortTopologically(graph)).toThrow('depends on its own output');
  });

  test('sorts any shuffled chain, however long', () => {
    const graph = new Graph('chain');
    graph.addInput('v0', floats);
    for (let index = 20_000; index > 0; index--) graph.addNode({ opType: 'Neg', inputs: [`v${index - 1}`], outputs: [`v${index}`] });
    sortTopologically(graph);
    expect([...graph.nodes][0]?.outputs).toEqual(['v1']);
  });
});

describe('removeUnused', () => {
  test('removes what nothing reads, its producers, initializers and type records', () => {
    const { graph } = smallGraph();
    graph.setInitializer('k', float32Tensor([], [1]));
    graph.addNode({ opType: 'Mul', name: 'mul', inputs: ['a', 'k'], outputs: ['m'] });
    graph.addNode({ opType: 'Exp', name: 'exp', inputs: ['m'], outputs: ['e'] });
    graph.setType('m', floats);
    expect(removeUnused(graph)).toEqual({ nodes: 2, initializers: 1 });
    expect([...graph.nodes].map((node) => node.name)).toEqual(['relu', 'add']);
    expect([...graph.initializers.keys(), ...graph.valueInfo.keys()]).toEqual(['w']);
  });

  test('keeps what a body reads', () => {
    const { graph } = smallGraph();
    withBranches(graph);
    graph.addOutput('z', floats);
    graph.replaceUses('a', 'x');
    graph.addNode({ opType: 'Exp', inputs: ['x'], outputs: ['unused'] });
    expect(removeUnused(graph).nodes).toBe(2);
  });
});
