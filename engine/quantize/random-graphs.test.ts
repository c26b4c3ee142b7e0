import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph, type NodeSpec } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { removeUnused } from '../graph/topology.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import { runtime } from '../passes/passes.cases.ts';
import { type QuantizationRequest, wholeModelSettings } from './build-settings.ts';
import { feedsOf, judge } from './judge.cases.ts';
import { recordTypes } from './preprocess.ts';
import { qnnSettings } from './qnn-settings.ts';

/** Every value is a 4x4 matrix, so that any operator may read any value. */
const MATRIX = tensorType(DataType.FLOAT, [4, 4]);

/** One operator that reads the values `a` and `b` of those before it, and the constants `k`. */
interface Step {
  readonly operator: string;
  readonly a: number;
  readonly b: number;
  readonly k: number;
}

/** What an operator reads. */
interface Operands extends Omit<Step, 'operator'> {
  readonly left: string;
  readonly right: string;
  /** A value of the step's own that only it knows. */
  readonly own: (suffix: string) => string;
  readonly output: string;
}

const plain =
  (opType: string) =>
  ({ left, output }: Operands): NodeSpec[] => [{ opType, inputs: [left], outputs: [output] }];
const binary =
  (opType: string) =>
  ({ left, right, output }: Operands): NodeSpec[] => [{ opType, inputs: [left, right], outputs: [output] }];
const along = (axis: number) => ({ axis: intAttribute(axis) });

const OPERATORS: Readonly<Record<string, (operands: Operands) => NodeSpec[]>> = {
  Add: binary('Add'),
  MatMul: binary('MatMul'),
  Neg: plain('Neg'),
  Relu: plain('Relu'),
  Sigmoid: plain('Sigmoid'),
  Softmax: plain('Softmax'),
  Tanh: plain('Tanh'),
  Transpose: plain('Transpose'),
  constant: ({ left, k, output }) => [{ opType: 'Add', inputs: [left, `vector${k}`], outputs: [output] }],
  weight: ({ left, k, output }) => [{ opType: 'MatMul', inputs: [left, `matrix${k}`], outputs: [output] }],
  Clip: ({ left, k, output }) => [{ opType: 'Clip', inputs: [left, 'low', k === 0 ? 'high' : ''], outputs: [output] }],
  Gather: ({ left, k, output }) => [{ opType: 'Gather', inputs: [k === 0 ? left : `matrix${k}`, 'rows'], outputs: [output] }],
  Pad: ({ left, output }) => [{ opType: 'Pad', inputs: [left, 'nothing'], outputs: [output] }],
  Reshape: ({ left, output }) => [{ opType: 'Reshape', inputs: [left, 'shape'], outputs: [output] }],
  Where: ({ left, right, output }) => [{ opType: 'Where', inputs: ['mask', left, right], outputs: [output] }],
  Gemm: ({ left, a, b, k, output }) => {
    const attributes = { transB: intAttribute(a % 2), beta: floatAttribute(b % 4 === 0 ? 0.5 : 1) };
    return [{ opType: 'Gemm', inputs: [left, `matrix${k}`, `vector${b % 3}`], outputs: [output], attributes }];
  },
  LayerNormalization: ({ left, b, k, output }) => [
    { opType: 'LayerNormalization', inputs: [left, `vector${k}`, `vector${b % 3}`], outputs: [output] },
  ],
  Concat: ({ left, right, own, output }) => [
    { opType: 'Concat', inputs: [left, right], outputs: [own('joined')], attributes: along(0) },
    { opType: 'Slice', inputs: [own('joined'), 'from', 'to', 'axis'], outputs: [output] },
  ],
  Split: ({ left, own, output }) => [
    { opType: 'Split', inputs: [left], outputs: [own('one'), own('two')], attributes: along(1) },
    { opType: 'Concat', inputs: [own('two'), own('one')], outputs: [output], attributes: along(1) },
  ],
};

function addStep(graph: Graph, { operator, ...chosen }: Step, index: number): void {
  const value = (choice: number): string => `v${choice % index}`;
  const own = (suffix: string): string => `v${index}_${suffix}`;
  const operands = { ...chosen, left: value(chosen.a), right: value(chosen.b), own, output: `v${index}` };
  for (const spec of OPERATORS[operator]?.(operands) ?? []) graph.addNode({ ...spec, name: `${spec.opType}_${index}` });
}

function modelOf(steps: readonly Step[], outputs: readonly number[]): Model {
  const graph = new Graph('random');
  graph.addInput('v0', MATRIX);
  graph.addInput('mask', tensorType(DataType.BOOL, [4, 4]));
  for (let k = 0; k < 3; k++) {
    graph.setInitializer(
      `matrix${k}`,
      float32Tensor(
        [4, 4],
        Float32Array.from({ length: 16 }, (_, i) => Math.sin(5.3 * i + k) / 2),
      ),
    );
    graph.setInitializer(
      `vector${k}`,
      float32Tensor(
        [4],
        Float32Array.from({ length: 4 }, (_, i) => Math.cos(2.1 * i + k)),
      ),
    );
  }
  graph.setInitializer('low', float32Tensor([], [-0.5]));
  graph.setInitializer('high', float32Tensor([], [0.5]));
  graph.setInitializer('rows', int64Tensor([4], [3, 1, 0, 2]));
  graph.setInitializer('shape', int64Tensor([2], [4, 4]));
  graph.setInitializer('nothing', int64Tensor([4], [0, 0, 0, 0]));
  for (const [name, value] of [
    ['from', 2],
    ['to', 6],
    ['axis', 0],
  ] as const)
    graph.setInitializer(name, int64Tensor([1], [value]));
  for (const [index, step] of steps.entries()) addStep(graph, step, index + 1);
  const names = new Set([`v${steps.length}`, ...outputs.map((output) => `v${1 + (output % steps.length)}`)]);
  for (const name of names) graph.addOutput(name, MATRIX);
  removeUnused(graph);
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

const step = fc.record({ operator: fc.constantFrom(...Object.keys(OPERATORS)), a: fc.nat(40), b: fc.nat(40), k: fc.nat(2) });
const request: fc.Arbitrary<QuantizationRequest> = fc.record({
  activationType: fc.constantFrom('uint16', 'int16'),
  weightType: fc.constantFrom('int8', 'int16'),
  perChannel: fc.boolean(),
  activationSymmetric: fc.boolean(),
  extra: fc.record({ dedicatedQdqPair: fc.boolean(), addQdqPairToWeight: fc.boolean() }),
});

test('any graph, quantised finely, computes what it did', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(40), { maxLength: 3 }),
      fc.record({ request, forQnn: fc.boolean() }),
      async (steps, outputs, chosen) => {
        const model = modelOf(steps, outputs);
        await recordTypes(model, await runtime());
        const settings = chosen.forQnn ? qnnSettings(model, chosen.request) : wholeModelSettings(model, chosen.request);
        const feeds = feedsOf([
          { name: 'v0', dtype: 'float32', dims: [4, 4] },
          { name: 'mask', dtype: 'bool', dims: [4, 4] },
        ]);
        const { errors } = await judge(model, settings, feeds);
        checkModel(model);
        for (const error of Object.values(errors)) expect(error).toBeLessThan(0.1);
      },
    ),
    { numRuns: 60 },
  );
});
