import { describe, expect, it } from 'vitest';
import { intAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import { modelOf, runtime } from '../passes.cases.ts';
import { computedNumber } from './computed-numbers.ts';
import { add, hold, number } from './fusions.cases.ts';
import { Scene } from './scene.ts';
import { inferShapes } from './shapes.ts';

/** What is known of a value computed from `x` [batch, 7, 6] and the int64 scalar `n`. */
async function numberOf(build: (graph: Graph) => string): Promise<number> {
  const graph = new Graph('numbers');
  graph.addInput('x', tensorType(DataType.FLOAT, ['batch', 7, 6]));
  graph.addInput('n', tensorType(DataType.INT64, [1]));
  const value = build(graph);
  graph.addOutput(value, undefined);
  const model = modelOf(graph);
  return computedNumber(new Scene(model, await inferShapes(model, await runtime())), value);
}

const list = (graph: Graph, ...values: readonly number[]): string => hold(graph, int64Tensor([values.length], values));
const shape = (graph: Graph): string => add(graph, 'Shape', ['x']);
const cut = (graph: Graph, ...bounds: readonly string[]): string => add(graph, 'Slice', [shape(graph), ...bounds]);
const first = (graph: Graph, values: string): string => add(graph, 'Gather', [values, list(graph, 0)]);

describe('a computed number', () => {
  it.each<[string, number, (graph: Graph) => string]>([
    ['a size', 6, (graph) => add(graph, 'Gather', [shape(graph), list(graph, -1)])],
    ['a size cut out', 7, (graph) => cut(graph, list(graph, 1), list(graph, -1))],
    ['a size cut out one by one', 7, (graph) => cut(graph, list(graph, 1), list(graph, 2), list(graph, 0), list(graph, 1))],
    ['a quotient of integers', 2, (graph) => add(graph, 'Div', [cut(graph, list(graph, 2), list(graph, 9)), list(graph, 3)])],
    ['such a quotient cut off', 1, (graph) => add(graph, 'Div', [cut(graph, list(graph, 2), list(graph, 9)), list(graph, 4)])],
    ['a quotient of floats', 0.5, (graph) => add(graph, 'Div', [number(graph, 3), number(graph, 6)])],
    [
      'a float made an integer',
      2,
      (graph) => add(graph, 'Cast', [add(graph, 'Sqrt', [number(graph, 6)])], { to: intAttribute(DataType.INT64) }),
    ],
  ])('is told for %s', async (_, expected, build) => {
    expect(await numberOf(build)).toBe(expected);
  });

  it.each<[string, (graph: Graph) => string]>([
    ['the size of a batch', (graph) => first(graph, shape(graph))],
    ['a size that an input chooses', (graph) => add(graph, 'Gather', [list(graph, 4, 5), 'n'])],
    ['a size that the size of a batch chooses', (graph) => add(graph, 'Gather', [list(graph, 4, 5), first(graph, shape(graph))])],
    ['a cut from where an input says', (graph) => cut(graph, 'n', list(graph, 1))],
    ['a cut up to where an input says', (graph) => cut(graph, list(graph, 2), 'n')],
    ['a cut backwards', (graph) => first(graph, cut(graph, list(graph, 2), list(graph, 0), list(graph, 0), list(graph, -1)))],
    [
      'a cut that leaves elements out',
      (graph) => add(graph, 'Gather', [cut(graph, list(graph, 0), list(graph, 3), list(graph, 0), list(graph, 2)), list(graph, 1)]),
    ],
    ['a bool', (graph) => add(graph, 'Cast', [number(graph, 3)], { to: intAttribute(DataType.BOOL) })],
  ])('is not told for %s', async (_, build) => {
    expect(await numberOf(build)).toBeNaN();
  });
});
