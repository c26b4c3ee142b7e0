import { describe, expect, test } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import type { QuantizationRequest } from './build-settings.ts';
import type { TensorOverride } from './overrides.ts';
import { qnnSettings } from './qnn-settings.ts';

const WIDE: QuantizationRequest = { activationType: 'uint16', weightType: 'uint8', perChannel: false, activationSymmetric: false };
const NARROW: QuantizationRequest = { ...WIDE, activationType: 'uint8' };

/** x -> Neg -> a -> MatMul(w) -> b -> Tanh -> c -> Sigmoid -> y; a also -> Abs -> z */
function encoder(): Model {
  const graph = new Graph('test');
  const floats = tensorType(DataType.FLOAT, [8, 8]);
  graph.addInput('x', floats);
  graph.setInitializer('w', float32Tensor([8, 8], new Float32Array(64)));
  for (const [index, [opType, inputs, output]] of (
    [
      ['Neg', ['x'], 'a'],
      ['MatMul', ['a', 'w'], 'b'],
      ['Tanh', ['b'], 'c'],
      ['Sigmoid', ['c'], 'y'],
      ['Abs', ['a'], 'z'],
    ] as const
  ).entries()) {
    graph.addNode({ opType, name: `node_${index}`, inputs, outputs: [output] });
    graph.setType(output, floats);
  }
  graph.addOutput('y', floats);
  graph.addOutput('z', floats);
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

const overridesOf = (request: QuantizationRequest): Record<string, readonly TensorOverride[]> =>
  Object.fromEntries(qnnSettings(encoder(), request).overrides);

const asking = (overrides: Record<string, readonly TensorOverride[]>, request = NARROW): QuantizationRequest => ({
  ...request,
  overrides: new Map(Object.entries(overrides)),
});

describe('settings for QNN', () => {
  test('fix what QNN fixes: weights beside wide activations, scales of Tanh and Sigmoid, the least range', () => {
    const settings = qnnSettings(encoder(), { ...WIDE, minRealRange: 5 });
    expect(Object.fromEntries(settings.overrides)).toEqual({
      w: [{ quantType: 'uint8', symmetric: false }],
      c: [{ quantType: 'uint16', scale: 1 / 32768, zeroPoint: 32768 }],
      y: [{ quantType: 'uint16', scale: 1 / 65536, zeroPoint: 0 }],
    });
    expect(settings).toMatchObject({ minRealRange: 1e-4, forceQuantizeNoInputCheck: false, weightSymmetric: false });
  });

  test('leave 8 bits alone, and weights that are overridden', () => {
    expect(overridesOf(NARROW)).toEqual({});
    expect(overridesOf(asking({ w: [{ quantType: 'int8' }] }, WIDE)).w).toEqual([{ quantType: 'int8' }]);
    expect(overridesOf(asking({ w: [{ axis: 1 }] }, WIDE)).w).toEqual([{ axis: 1 }]);
  });

  test('keep products whole when weights go by channel', () => {
    const request: QuantizationRequest = { ...WIDE, weightType: 'int8', perChannel: true };
    expect(overridesOf(request).w).toEqual([{ quantType: 'int8', symmetric: true }]);
  });

  test('say nothing of operators that are left out', () => {
    expect(overridesOf({ ...WIDE, opTypesToQuantize: ['Neg'] })).toEqual({});
    expect(overridesOf({ ...WIDE, nodesToExclude: ['node_1', 'node_2', 'node_3'] })).toEqual({});
    expect(overridesOf({ ...WIDE, opTypesToExclude: ['MatMul', 'Tanh', 'Sigmoid'] })).toEqual({});
  });
});

describe('mixed precision', () => {
  test('spreads to the operators around a tensor and converts at the borders', () => {
    expect(overridesOf(asking({ b: [{ quantType: 'uint16' }] }))).toEqual({
      a: [{ quantType: 'uint8', convert: { quantType: 'uint16', receivers: new Set(['node_1']) } }],
      b: [{ quantType: 'uint16' }],
      w: [{ quantType: 'uint8', symmetric: false }],
      c: [{ quantType: 'uint16', scale: 1 / 32768, zeroPoint: 32768, convert: { quantType: 'uint8', receivers: new Set(['node_3']) } }],
    });
  });

  test('needs no conversion where everybody agrees', () => {
    expect(overridesOf(asking({ a: [{ quantType: 'uint16' }], z: [{ quantType: 'uint16' }] }))).toMatchObject({
      z: [{ quantType: 'uint16' }],
    });
    expect(overridesOf(asking({ x: [{ quantType: 'uint16' }] })).x).toEqual([{ quantType: 'uint16' }]);
  });

  test.each<[string, Record<string, readonly TensorOverride[]>, string]>([
    ['two types of one value', { a: [{ quantType: 'uint16' }], z: [{ quantType: 'int16' }] }, 'two types'],
    ['readers with different wishes', { b: [{ quantType: 'uint16' }], z: [{ quantType: 'int16' }] }, 'ask for different types'],
    [
      'a conversion to another type',
      { a: [{ convert: { quantType: 'int16' } }], z: [{ quantType: 'uint16' }] },
      'converted to another type',
    ],
    [
      'a type that its operator cannot have',
      { a: [{ quantType: 'int8', convert: { quantType: 'uint8' } }], x: [{ quantType: 'uint16' }] },
      'another type than its operator',
    ],
    ['a tensor that is not there', { q: [{ quantType: 'uint16' }] }, 'names no tensor'],
  ])('refuses %s', (_, overrides, problem) => {
    expect(() => overridesOf(asking(overrides))).toThrow(problem);
  });

  test('keeps a conversion for all readers', () => {
    const convert = { quantType: 'uint16' } as const;
    expect(overridesOf(asking({ a: [{ convert }], z: [{ quantType: 'uint16' }] })).a).toEqual([{ convert }]);
  });

  test('refuses nodes without names where a name is needed', () => {
    const model = encoder();
    for (const node of model.graph.nodes) node.name = '';
    expect(() => qnnSettings(model, asking({ b: [{ quantType: 'uint16' }] }))).toThrow('has no name to ask by');
  });

  test('leaves integers and constants alone', () => {
    expect(overridesOf(asking({ w: [{ quantType: 'int8', symmetric: true }] }))).toEqual({ w: [{ quantType: 'int8', symmetric: true }] });
  });
});
