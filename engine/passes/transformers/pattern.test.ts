import { describe, expect, it } from 'vitest';
import type { Graph } from '../../graph/graph.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { graphWith } from '../passes.cases.ts';
import { add, number } from './fusions.cases.ts';
import { any, commutative, constant, either, findMatch, integers, type Match, named, op, type Pattern, scalar, shared } from './pattern.ts';

function find(graph: Graph, value: string, pattern: Pattern): Match | undefined {
  return findMatch({ graph, constantOf: (name) => graph.initializers.get(name) }, { value, pattern }, () => true);
}

const xy = (): Graph => graphWith({ x: [2], y: [2] });

describe('a pattern', () => {
  it('tells values and nodes by their names', () => {
    const graph = xy();
    const sum = add(graph, 'Add', ['x', 'y']);
    const match = find(graph, add(graph, 'Relu', [sum]), op('Relu', [named('sum', op('Add', [any('a'), any('b')], { as: 'adder' }))]));
    expect([match?.value('a'), match?.value('b'), match?.value('sum')]).toEqual(['x', 'y', sum]);
    expect(match?.nodesCalled('adder')).toEqual([graph.producer(sum)]);
    expect(match?.nodes.size).toBe(2);
    expect(match?.has('c')).toBe(false);
    expect(() => match?.value('c')).toThrow(RangeError);
  });

  it('takes a name used twice as the same value twice', () => {
    const graph = xy();
    const square = op('Mul', [any('a'), any('a')]);
    expect(find(graph, add(graph, 'Mul', ['x', 'x']), square)).toBeDefined();
    expect(find(graph, add(graph, 'Mul', ['x', 'y']), square)).toBeUndefined();
  });

  it('goes back over earlier choices when later ones fail', () => {
    const graph = xy();
    const relu = add(graph, 'Relu', ['y']);
    // The first operand fits as `a`, but then nothing is left for the Relu of it.
    const product = add(graph, 'Mul', [relu, 'y']);
    expect(find(graph, product, commutative('Mul', any('a'), op('Relu', [any('a')])))?.value('a')).toBe('y');
    const choice = op('Mul', [either(any('a'), op('Relu', [any('a')])), any('a')]);
    expect(find(graph, product, choice)?.value('a')).toBe('y');
  });

  it('keeps operand order where the operator does', () => {
    const graph = xy();
    const quotient = add(graph, 'Div', [number(graph, 2), 'x']);
    expect(find(graph, quotient, op('Div', [any('a'), scalar(2)]))).toBeUndefined();
    expect(find(graph, quotient, op('Div', [scalar(2), any('a')]))).toBeDefined();
  });

  it('asks constants for their value, rank and type', () => {
    const graph = xy();
    const cases = {
      half: number(graph, 0.5),
      list: number(graph, 0.5, [1]),
      matrix: number(graph, 0.5, [1, 1]),
      other: number(graph, 0.6),
    };
    const fits = Object.entries(cases).filter(([, name]) => find(graph, name, scalar(0.5)) !== undefined);
    expect(fits.map(([name]) => name)).toEqual(['half', 'list']);
    graph.setInitializer('axes', int64Tensor([2], [0, 1]));
    expect(find(graph, 'axes', integers(0, 1))).toBeDefined();
    expect(find(graph, 'axes', integers(0))).toBeUndefined();
    expect(find(graph, cases.half, integers(0))).toBeUndefined();
    expect(find(graph, 'x', constant('c'))).toBeUndefined();
  });

  it('counts inputs, unless more are allowed, and never takes an omitted one', () => {
    const graph = xy();
    const clip = graph.addNode({ opType: 'Clip', inputs: ['x', '', 'y'], outputs: ['clipped'] });
    expect(find(graph, 'clipped', op('Clip', [any('a')]))).toBeUndefined();
    expect(find(graph, 'clipped', op('Clip', [any('a')], { more: true }))?.nodes).toEqual(new Set([clip]));
    expect(find(graph, 'clipped', op('Clip', [any('a'), any('b'), any('c')]))).toBeUndefined();
  });

  it('tells operators of other domains and further outputs apart', () => {
    const graph = xy();
    graph.addNode({ opType: 'Gelu', domain: 'com.microsoft', inputs: ['x'], outputs: ['gelu'] });
    expect(find(graph, 'gelu', op('Gelu', [any('a')]))).toBeUndefined();
    expect(find(graph, 'gelu', op('Gelu', [any('a')], { domain: 'com.microsoft' }))).toBeDefined();
    graph.addNode({ opType: 'TopK', inputs: ['x', 'y'], outputs: ['values', 'indices'] });
    expect(find(graph, 'indices', op('TopK', [any('a'), any('b')]))).toBeUndefined();
  });

  it('does not own what is shared', () => {
    const graph = xy();
    const relu = add(graph, 'Relu', ['x']);
    const match = find(graph, add(graph, 'Add', [relu, 'y']), commutative('Add', shared(op('Relu', [any('a')], { as: 'relu' })), any('b')));
    expect([match?.nodes.size, match?.nodesCalled('relu').length]).toEqual([1, 1]);
  });
});
