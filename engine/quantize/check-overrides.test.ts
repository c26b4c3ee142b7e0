import { describe, expect, test } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { wholeModelSettings } from './build-settings.ts';
import { checkOverrides } from './check-overrides.ts';
import type { TensorOverride } from './overrides.ts';

/** Checks the overrides of one tensor: `w`, a constant [3, 4], or `x`, an activation. */
function check(tensor: string, overrides: readonly TensorOverride[], dedicatedQdqPair = false): void {
  const graph = new Graph('test');
  graph.addInput('x', tensorType(DataType.FLOAT, [2, 3]));
  graph.setInitializer('w', float32Tensor([3, 4], new Float32Array(12)));
  graph.addNode({ opType: 'MatMul', name: 'multiply', inputs: ['x', 'w'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, [2, 4]));
  const settings = wholeModelSettings(createModel(graph, { irVersion: 8, opsetImports: [['', 17]] }), {
    activationType: 'uint8',
    weightType: 'int8',
    perChannel: false,
    activationSymmetric: false,
    overrides: new Map([[tensor, overrides]]),
    extra: { dedicatedQdqPair },
  });
  checkOverrides(graph, settings);
}

const three = (override: TensorOverride): TensorOverride[] => [{ ...override, axis: 0 }, override, override];

describe('checkOverrides', () => {
  test.each<[string, readonly TensorOverride[]]>([
    ['w', []],
    ['w', [{}]],
    ['w', [{ quantType: 'uint8', symmetric: true, reduceRange: true }]],
    ['w', [{ scale: 0.1, zeroPoint: -128 }]],
    ['w', [{ axis: -1 }]],
    ['w', three({ scale: 0.1, zeroPoint: 0 })],
    ['w', three({ rmin: -1, rmax: 1 })],
    ['x', [{ quantType: 'uint16', convert: { quantType: 'uint8', receivers: new Set(['multiply']) } }]],
    ['x', [{ convert: { quantType: 'uint8', symmetric: true } }]],
  ])('takes, for %s, %j', (tensor, overrides) => {
    expect(() => check(tensor, overrides)).not.toThrow();
  });

  test.each<[string, readonly TensorOverride[], string]>([
    ['q', [{}], 'names no tensor of the model'],
    ['w', [{ scale: 0.1 }], 'without a zero point'],
    ['w', [{ zeroPoint: 0 }], 'without a zero point'],
    ['w', [{ scale: 0.1, zeroPoint: 0, symmetric: true }], 'settings to compute one by'],
    ['w', [{ scale: 0.1, zeroPoint: 128 }], 'which is no int8'],
    ['w', [{ scale: 0.1, zeroPoint: 0.5 }], 'which is no int8'],
    ['w', [{ scale: 0, zeroPoint: 0 }], 'the scale 0'],
    ['w', [{ scale: Number.NaN, zeroPoint: 0 }], 'the scale NaN'],
    ['w', [{ axis: 2 }], 'beyond rank 2'],
    ['w', [{ rmin: 0 }, {}, {}], 'lacks an axis'],
    ['w', [{ axis: 0 }, {}], 'is for 2 channels; the tensor has 3'],
    ['w', [{ axis: 0 }, { quantType: 'uint8' }, {}], 'differs between channels'],
    ['w', [{ axis: 0, scale: 1, zeroPoint: 0 }, {}, {}], 'a scale to some channels only'],
    ['w', [{ convert: { quantType: 'uint8' } }], 'converts a constant'],
    ['x', [{ axis: 0 }], 'is no constant'],
    ['x', [{ reduceRange: true }], 'only constants know'],
    ['x', [{ convert: { quantType: 'uint8' } }], 'to itself'],
    ['x', [{ convert: { quantType: 'uint16', scale: 1 } }], 'without a zero point'],
  ])('refuses, for %s, %j', (tensor, overrides, problem) => {
    expect(() => check(tensor, overrides)).toThrow(problem);
  });

  test('refuses conversions beside dedicated pairs', () => {
    expect(() => check('x', [{ convert: { quantType: 'uint16' } }], true)).toThrow('dedicated pairs');
  });
});
