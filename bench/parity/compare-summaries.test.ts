import { describe, expect, it } from 'vitest';
import { stringAttribute } from '../../engine/graph/attribute.ts';
import { DataType } from '../../engine/graph/data-type.ts';
import { Graph } from '../../engine/graph/graph.ts';
import { createModel, type Model } from '../../engine/graph/model.ts';
import { float32Tensor, makeTensor } from '../../engine/graph/tensor.ts';
import { tensorType } from '../../engine/graph/value.ts';
import { compareParameters, differencesOf, type Explanation, judge } from './compare-summaries.ts';
import { type ModelSummary, summarizeModel, type ValueSummary } from './model-summary.ts';

interface Choices {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly weight: number;
  readonly domain: string;
  readonly mode: string;
  readonly isQuantized: boolean;
}

/** One quantized activation and one quantized weight. */
function model(choices: Partial<Choices> = {}): Model {
  const { scale, zeroPoint, weight, domain, mode, isQuantized } = {
    scale: 0.5,
    zeroPoint: 7,
    weight: 3,
    domain: 'com.microsoft',
    mode: 'plain',
    isQuantized: true,
    ...choices,
  };
  const graph = new Graph('test');
  graph.addInput('x', tensorType(DataType.FLOAT, [1, 2]));
  graph.setInitializer('x_scale', float32Tensor([], [scale]));
  graph.setInitializer('x_zero_point', makeTensor(DataType.UINT16, [], Uint16Array.of(zeroPoint)));
  graph.setInitializer('w_scale', float32Tensor([], [0.25]));
  graph.setInitializer('w_zero_point', makeTensor(DataType.UINT8, [], Uint8Array.of(0)));
  graph.setInitializer('w_quantized', makeTensor(DataType.UINT8, [2, 1], Uint8Array.of(weight, 2)));
  const parameters = ['x_scale', 'x_zero_point'];
  if (isQuantized) {
    graph.addNode({ opType: 'QuantizeLinear', domain, inputs: ['x', ...parameters], outputs: ['x_q'] });
    graph.addNode({ opType: 'DequantizeLinear', domain, inputs: ['x_q', ...parameters], outputs: ['x_dq'] });
  }
  graph.addNode({ opType: 'DequantizeLinear', inputs: ['w_quantized', 'w_scale', 'w_zero_point'], outputs: ['w_dq'] });
  graph.addNode({
    opType: 'MatMul',
    inputs: [isQuantized ? 'x_dq' : 'x', 'w_dq'],
    outputs: ['y'],
    attributes: { mode: stringAttribute(mode) },
  });
  graph.addOutput('y', tensorType(DataType.FLOAT, [1, 1]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

function differences(other: Partial<Choices>): readonly string[] {
  return differencesOf(summarizeModel(model()), summarizeModel(model(other))).map(({ aspect, key }) => `${aspect} ${key}`);
}

function values(choices: Partial<Choices> = {}): ValueSummary {
  const summary: ModelSummary = summarizeModel(model(choices));
  if (summary.values === undefined) throw new Error('a summary of a model has values');
  return summary.values;
}

describe('the differences of two results', () => {
  it('are none for equal results', () => {
    expect(differences({})).toEqual([]);
  });

  it('leave scales and zero points to the comparison of numbers', () => {
    expect(differences({ scale: 0.75, zeroPoint: 9 })).toEqual([]);
  });

  it('show a quantized weight with other bytes', () => {
    expect(differences({ weight: 4 })).toEqual(['constant w_quantized']);
  });

  it('show an attribute', () => {
    expect(differences({ mode: 'fancy' })).toEqual(['wiring MatMul']);
  });

  it('show the domain of an operator', () => {
    expect(differences({ domain: '' })).toEqual([
      'operator DequantizeLinear',
      'operator com.microsoft::DequantizeLinear',
      'operator com.microsoft::QuantizeLinear',
      'operator QuantizeLinear',
    ]);
  });

  it('show a tensor that only one of them quantizes', () => {
    expect(differences({ isQuantized: false })).toContain('placement x');
  });
});

describe('the numbers of two results', () => {
  it('are compared tensor by tensor', () => {
    const { tensors, scale, zeroPoint, equalScales, equalZeroPoints } = compareParameters(
      values(),
      values({ scale: 0.5005, zeroPoint: 8 }),
    );
    expect({ tensors, equalScales, equalZeroPoints }).toEqual({ tensors: 2, equalScales: 1, equalZeroPoints: 1 });
    expect(scale.tensor).toBe('x');
    expect(scale.difference).toBeCloseTo(1e-3, 6);
    expect(zeroPoint).toEqual({ tensor: 'x', difference: 1 });
  });

  it('leave out what only one of them quantizes', () => {
    expect(compareParameters(values(), values({ isQuantized: false })).tensors).toBe(1);
  });
});

describe('an explanation', () => {
  const found = differencesOf(summarizeModel(model()), summarizeModel(model({ weight: 4, mode: 'fancy' })));

  it('holds for its aspect, its keys, its recipes and its subjects only', () => {
    const because = (recipe: string, subject: string, limits: Partial<Explanation> = { recipes: ['dml'] }) =>
      judge({ recipe, subject }, found, [{ ...limits, aspect: 'constant', keys: ['w_quantized'], because: 'rounding' }]).map(
        (difference) => difference.because,
      );
    expect(because('dml', 'a')).toEqual([undefined, 'rounding']);
    expect(because('qdq_amd', 'a')).toEqual([undefined, undefined]);
    expect(because('dml', 'a', { subjects: ['a'] })).toEqual([undefined, 'rounding']);
    expect(because('dml', 'b', { subjects: ['a'] })).toEqual([undefined, undefined]);
  });
});
