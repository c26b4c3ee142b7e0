import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { floatAttribute, intAttribute, stringAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph, type NodeSpec } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { plainSettings, type QuantizationRequest, wholeModelSettings } from './build-settings.ts';
import { calibrationTensors } from './calibration-tensors.ts';
import { DEFAULT_OP_TYPES } from './operators/handled-op-types.ts';
import type { TensorOverrides } from './overrides.ts';
import { qnnSettings } from './qnn-settings.ts';
import { quantizeModel } from './quantize-model.ts';
import type { TensorRange } from './range.ts';

/** Names that nodes read and write: inputs, constants of any shape, values nobody writes, an omitted one. */
const NAMES = ['x', 'ids', 'w', 'b', 'empty', 'scalar', 'shape', 'a', 'c', 'd', 'e', 'nobody', ''];
const name = fc.constantFrom(...NAMES);

const attribute = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map(intAttribute),
  fc.float().map(floatAttribute),
  fc.constantFrom('constant', 'reflect', 'sideways').map(stringAttribute),
);
const node: fc.Arbitrary<NodeSpec> = fc.record({
  opType: fc.constantFrom(...DEFAULT_OP_TYPES, 'Constant', 'DequantizeLinear', 'QuantizeLinear', 'Tanh', 'Loop'),
  name: fc.constantFrom('n', 'm', ''),
  inputs: fc.array(name, { maxLength: 5 }),
  outputs: fc.array(fc.constantFrom('a', 'c', 'd', 'e', ''), { maxLength: 3 }),
  attributes: fc.dictionary(fc.constantFrom('transB', 'alpha', 'beta', 'axis', 'mode', 'value', 'min'), attribute, { maxKeys: 3 }),
});
const end = fc.oneof(fc.float(), fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY));
const ranges = fc.dictionary(name, fc.record({ min: end, max: end }));
const override = fc.record(
  {
    quantType: fc.constantFrom('int8', 'uint16'),
    axis: fc.integer({ min: -3, max: 3 }),
    symmetric: fc.boolean(),
    scale: fc.float(),
    zeroPoint: fc.nat(9),
  },
  { requiredKeys: [] },
);
// Most are refused: without them a graph gets further.
const overrides = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.dictionary(name, fc.array(override, { maxLength: 3 }), { maxKeys: 2 }),
);

function modelOf(nodes: readonly NodeSpec[], opset: number): Model {
  const graph = new Graph('odd');
  graph.addInput('x', tensorType(DataType.FLOAT, undefined));
  graph.addInput('ids', tensorType(DataType.INT64, [null]));
  graph.setInitializer('w', float32Tensor([2, 3], [1, 2, 3, 4, 5, Number.NaN]));
  graph.setInitializer('b', float32Tensor([3], [1, -2, 3]));
  graph.setInitializer('empty', float32Tensor([0, 4], []));
  graph.setInitializer('scalar', float32Tensor([], [7]));
  graph.setInitializer('shape', int64Tensor([1], [-1]));
  for (const spec of nodes) if (spec.outputs.every((output) => output === '' || !graph.defines(output))) addNode(graph, spec);
  for (const value of ['a', 'c']) graph.setType(value, tensorType(DataType.FLOAT, [2, 3]));
  graph.setType('d', tensorType(DataType.FLOAT16, [2, 3]));
  for (const value of ['a', 'b', 'nobody']) graph.addOutput(value, undefined);
  return createModel(graph, { irVersion: 8, opsetImports: [['', opset]] });
}

/** One output twice is refused by the graph itself. */
function addNode(graph: Graph, spec: NodeSpec): void {
  graph.addNode({ ...spec, outputs: [...new Set(spec.outputs)] });
}

test('graphs that make no sense are quantised or refused, nothing else', () => {
  const request = fc.record({
    activationType: fc.constantFrom('int8', 'uint8', 'int16', 'uint16'),
    weightType: fc.constantFrom('int8', 'uint8', 'int16', 'uint16'),
    perChannel: fc.boolean(),
    activationSymmetric: fc.boolean(),
    extra: fc.record({ forceQuantizeNoInputCheck: fc.boolean(), dedicatedQdqPair: fc.boolean(), addQdqPairToWeight: fc.boolean() }),
  });
  const drawn = fc.record({
    nodes: fc.array(node, { maxLength: 8 }),
    opset: fc.integer({ min: 0, max: 23 }),
    request,
    builder: fc.constantFrom('whole', 'qnn', 'plain'),
    ranges,
    overrides,
  });
  fc.assert(
    fc.property(drawn, ({ nodes, opset, builder, ...rest }) => {
      const model = modelOf(nodes, opset);
      const asked: QuantizationRequest = { ...rest.request, overrides: new Map(Object.entries(rest.overrides)) satisfies TensorOverrides };
      try {
        const whole = builder === 'qnn' ? qnnSettings(model, asked) : wholeModelSettings(model, asked);
        const settings = builder === 'plain' ? plainSettings(asked) : whole;
        calibrationTensors(model, settings);
        quantizeModel(model, new Map<string, TensorRange>(Object.entries(rest.ranges)), settings);
      } catch (error) {
        expect(error).toBeInstanceOf(GroveError);
      }
    }),
    { numRuns: 2000 },
  );
});
