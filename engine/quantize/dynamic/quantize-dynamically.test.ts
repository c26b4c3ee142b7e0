import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { floatAttribute, intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { Graph } from '../../graph/graph.ts';
import { halvesFromFloats } from '../../graph/half.ts';
import type { Model } from '../../graph/model.ts';
import { float32Tensor, makeTensor } from '../../graph/tensor.ts';
import { tensorType } from '../../graph/value.ts';
import { readModel } from '../../onnx/read.ts';
import { graphWith, histogram, modelOf, runOnce, runtime } from '../../passes/passes.cases.ts';
import type { NamedTensors, Tensor } from '../../runtime/tensor.ts';
import { recordTypes } from '../preprocess.ts';
import { quantizeDynamically } from './quantize-dynamically.ts';
import type { DynamicSettings } from './settings.ts';

const caseSchema = z.object({
  name: z.string(),
  /** The model's bytes in base64. */
  model: z.string(),
  options: z.object({
    weight_type: z.enum(['int8', 'uint8']).default('int8'),
    per_channel: z.boolean().default(false),
    reduce_range: z.boolean().default(false),
    op_types_to_quantize: z.array(z.string()).optional(),
    nodes_to_exclude: z.array(z.string()).default([]),
    extra_options: z
      .object({ MatMulConstBOnly: z.boolean().default(true), WeightSymmetric: z.boolean().optional() })
      .default({ MatMulConstBOnly: true }),
  }),
  /** Operator type, domain, name, inputs, outputs, attributes of each node. */
  nodes: z.array(z.tuple([z.string(), z.string(), z.string(), z.array(z.string()), z.array(z.string()), z.record(z.string(), z.string())])),
  /** Element type, dims and base64 of the bytes by name. */
  initializers: z.record(z.string(), z.tuple([z.number(), z.array(z.number()), z.string()])),
});
type Case = z.output<typeof caseSchema>;

/** What onnxruntime 1.25 makes of small models (fixtures/make_dynamic_cases.py). */
const CASES = z.array(caseSchema).parse(JSON.parse(readFileSync(new URL('fixtures/dynamic-cases.json', import.meta.url), 'utf8')));

function settings(changes: Partial<DynamicSettings> = {}): DynamicSettings {
  return {
    weightType: 'int8',
    weightSymmetric: undefined,
    activationSymmetric: false,
    perChannel: false,
    reduceRange: false,
    minRealRange: undefined,
    opTypes: undefined,
    excludedOpTypes: new Set(),
    nodes: undefined,
    excludedNodes: new Set(),
    matMulConstBOnly: true,
    forceQuantizeNoInputCheck: false,
    ...changes,
  };
}

function settingsOf({ options }: Case): DynamicSettings {
  return settings({
    weightType: options.weight_type,
    weightSymmetric: options.extra_options.WeightSymmetric,
    perChannel: options.per_channel,
    reduceRange: options.reduce_range,
    opTypes: options.op_types_to_quantize && new Set(options.op_types_to_quantize),
    excludedNodes: new Set(options.nodes_to_exclude),
    matMulConstBOnly: options.extra_options.MatMulConstBOnly,
  });
}

async function sourceOf({ model }: Case): Promise<Model> {
  const source = readModel(new Uint8Array(Buffer.from(model, 'base64')));
  await recordTypes(source, await runtime());
  return source;
}

const byText = (values: readonly unknown[]): readonly string[] => values.map((value) => JSON.stringify(value)).sort();

const nodesOf = ({ graph }: Model) =>
  byText(
    [...graph.nodes].map((node) => [node.opType, node.domain, node.name, node.inputs, node.outputs, [...node.attributes.keys()].sort()]),
  );

function feedsOf({ graph }: Model): NamedTensors {
  const feeds = graph.inputs.map(({ name, type }): [string, Tensor] => {
    const dims = type?.kind === 'tensor' ? (type.dims ?? []).map(Number) : [];
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: count }, (_, index) => Math.sin(index * 1.7 + 0.3) * 2);
    if (name !== 'ids') return [name, { dtype: 'float32', dims, data: Float32Array.from(values) }];
    const ids = values.map((_, index) => index);
    return [
      name,
      type?.kind === 'tensor' && type.dataType === 6
        ? { dtype: 'int32', dims, data: Int32Array.from(ids) }
        : { dtype: 'int64', dims, data: BigInt64Array.from(ids, BigInt) },
    ];
  });
  return Object.fromEntries(feeds);
}

function largestDifference(a: NamedTensors, b: NamedTensors): number {
  return Math.max(
    ...Object.entries(a).map(([name, tensor]) => {
      const other = b[name];
      if (tensor.dtype !== 'float32' || other?.dtype !== 'float32') return 0;
      const scale = Math.max(...tensor.data.map(Math.abs), 1e-6);
      return Math.max(...tensor.data.map((value, index) => Math.abs(value - (other.data[index] ?? 0)))) / scale;
    }),
  );
}

describe('dynamic quantisation', () => {
  it.each(CASES.map((each) => [each.name, each] as const))('makes of %s what onnxruntime makes of it', async (_, each) => {
    const model = await sourceOf(each);
    quantizeDynamically(model, settingsOf(each));
    const expected = each.nodes.map(([opType, domain, name, inputs, outputs, attributes]) => [
      opType,
      domain,
      name,
      inputs,
      outputs,
      Object.keys(attributes),
    ]);
    expect(nodesOf(model)).toEqual(byText(expected));
    const initializers = [...model.graph.initializers].map(([name, tensor]) => [
      name,
      [tensor.dataType, tensor.dims, Buffer.from(tensor.bytes).toString('base64')],
    ]);
    expect(Object.fromEntries(initializers)).toEqual(each.initializers);
  });

  it.each(CASES.map((each) => [each.name, each] as const))('computes of %s nearly what the float model computes', async (_, each) => {
    const model = await sourceOf(each);
    const before = await runOnce(model, feedsOf(model));
    quantizeDynamically(model, settingsOf(each));
    const after = await runOnce(model, feedsOf(model));
    expect(largestDifference(before.outputs, after.outputs)).toBeLessThan(0.05);
    expect(after.ends).toEqual(before.ends);
  });
});

/** Quantises and judges: the result must load, and its outputs must be nearly the same. */
async function quantized(model: Model, changes: Partial<DynamicSettings> = {}) {
  await recordTypes(model, await runtime());
  const feeds = feedsOf(model);
  const before = await runOnce(model, feeds);
  const report = quantizeDynamically(model, settings(changes));
  const after = await runOnce(model, feeds);
  expect(largestDifference(before.outputs, after.outputs)).toBeLessThan(0.05);
  return { model, report };
}

const floatType = (...dims: readonly number[]) => tensorType(DataType.FLOAT, dims);
const matrix = (rows: number, columns: number) =>
  float32Tensor(
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, index) => Math.cos(index)),
  );

/** x @ w, in which `w` can be anything. */
function product(): Model {
  const graph = graphWith({ x: [2, 3] });
  graph.setInitializer('w', matrix(3, 4));
  graph.addNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] });
  graph.addOutput('y', floatType(2, 4));
  return modelOf(graph);
}

describe('dynamic quantisation of odd graphs', () => {
  it('keeps a constant as float too where a float operator or an output reads it', async () => {
    const model = product();
    model.graph.addNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['again'] });
    model.graph.addNode({ opType: 'ReduceMax', inputs: ['w'], outputs: ['z'], attributes: { keepdims: intAttribute(0) } });
    model.graph.addOutput('z', floatType());
    model.graph.addOutput('again', floatType(2, 4));
    const { report } = await quantized(model, { perChannel: true });
    expect(report).toMatchObject({ nodesQuantized: 2, constants: 1 });
    expect([...model.graph.initializers.keys()].sort()).toEqual(['w', 'w_quantized', 'w_scale', 'w_zero_point']);
  });

  it('gives a table that is multiplied by column integers of one scale as well', async () => {
    const graph = graphWith({ x: [2, 3] });
    graph.addInput('ids', tensorType(DataType.INT64, [2]));
    graph.setInitializer('w', matrix(3, 4));
    graph.addNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] });
    graph.addNode({ opType: 'Gather', inputs: ['w', 'ids'], outputs: ['rows'] });
    graph.addOutput('y', floatType(2, 4));
    graph.addOutput('rows', floatType(2, 4));
    const { model, report } = await quantized(modelOf(graph), { perChannel: true });
    expect(report.nodesQuantized).toBe(2);
    expect(histogram(model)).toMatchObject({ Gather: 1, DequantizeLinear: 1, MatMulInteger: 1 });
  });

  it('dequantises what the body of a control flow operator reads', async () => {
    const graph = graphWith({ x: [1] });
    graph.addInput('ids', tensorType(DataType.INT64, [2]));
    graph.setInitializer('table', matrix(3, 4));
    graph.addNode({ opType: 'Gather', inputs: ['table', 'ids'], outputs: ['rows'] });
    graph.addNode({ opType: 'Cast', inputs: ['x'], outputs: ['flag'], attributes: { to: intAttribute(DataType.BOOL) } });
    const body = (name: string, opType: string): Graph => {
      const branch = new Graph(name);
      branch.addNode({ opType, inputs: ['rows'], outputs: [`${name}_out`] });
      branch.addOutput(`${name}_out`, floatType(2, 4));
      return branch;
    };
    graph.addNode({
      opType: 'If',
      inputs: ['flag'],
      outputs: ['y'],
      attributes: {
        then_branch: { kind: 'graph', value: body('then', 'Relu') },
        else_branch: { kind: 'graph', value: body('else', 'Neg') },
      },
    });
    graph.addOutput('y', floatType(2, 4));
    const { model } = await quantized(modelOf(graph));
    expect(histogram(model)).toMatchObject({ Gather: 1, DequantizeLinear: 1, If: 1 });
  });

  it('leaves a default that callers may replace, and drops one of a format that lists every constant as an input', async () => {
    const replaceable = product();
    replaceable.graph.addInput('w', floatType(3, 4));
    expect(quantizeDynamically(replaceable, settings()).kept).toEqual([{ opType: 'MatMul', reason: 'its weight is not constant' }]);
    const old = product();
    old.irVersion = 3;
    old.graph.addInput('w', floatType(3, 4));
    await recordTypes(old, await runtime());
    quantizeDynamically(old, settings());
    expect(old.graph.inputs.map(({ name }) => name)).toEqual(['x']);
    await runOnce(old, { x: { dtype: 'float32', dims: [2, 3], data: new Float32Array(6) } });
  });

  it('gives what replaces a Gemm no name that another node has', async () => {
    const graph = graphWith({ x: [2, 3] });
    graph.setInitializer('w', matrix(3, 4));
    graph.setInitializer('b', matrix(2, 4));
    graph.addNode({ opType: 'Gemm', name: 'a', inputs: ['x', 'w', 'b'], outputs: ['h'] });
    graph.addNode({ opType: 'Neg', name: 'a_MatMul', inputs: ['h'], outputs: ['n'] });
    graph.addNode({ opType: 'Abs', name: 'a_Add', inputs: ['n'], outputs: ['y'] });
    graph.addOutput('y', floatType(2, 4));
    const { model } = await quantized(modelOf(graph), { opTypes: new Set() });
    const names = [...model.graph.nodes].map(({ name }) => name);
    expect(names).toEqual(['a_MatMul_1', 'a_Add_1', 'a_MatMul', 'a_Add']);
  });

  it('transposes the right operand of a Gemm, as a copy where others read it, at run time where it is no constant', async () => {
    const graph = graphWith({ x: [2, 3], v: [4, 3] });
    graph.setInitializer('w', matrix(4, 3));
    graph.setInitializer('b', matrix(2, 4));
    graph.addNode({ opType: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: { transB: intAttribute(1) } });
    graph.addNode({
      opType: 'Gemm',
      inputs: ['x', 'v'],
      outputs: ['u'],
      attributes: { transB: intAttribute(1), alpha: floatAttribute(1) },
    });
    graph.addNode({ opType: 'Neg', inputs: ['w'], outputs: ['n'] });
    for (const [name, dims] of [
      ['y', [2, 4]],
      ['u', [2, 4]],
      ['n', [4, 3]],
    ] as const)
      graph.addOutput(name, floatType(...dims));
    const { model, report } = await quantized(modelOf(graph));
    expect(report).toMatchObject({ gemmsReplaced: 2, nodesQuantized: 1 });
    expect(histogram(model)).toMatchObject({ MatMulInteger: 1, MatMul: 1, Transpose: 1, Neg: 1, Add: 1 });
  });

  it('leaves float16, integers and constants without a finite range as they are', async () => {
    const half = product();
    half.graph.setInitializer('w', makeTensor(DataType.FLOAT16, [3, 4], halvesFromFloats(new Float32Array(12))));
    half.graph.setType('x', tensorType(DataType.FLOAT16, [2, 3]));
    half.graph.setType('y', tensorType(DataType.FLOAT16, [2, 4]));
    expect(quantizeDynamically(half, settings()).kept).toEqual([{ opType: 'MatMul', reason: 'its weight is not constant' }]);
    const infinite = product();
    infinite.graph.setInitializer('w', float32Tensor([3, 4], new Float32Array(12).fill(Number.POSITIVE_INFINITY)));
    expect(quantizeDynamically(infinite, settings()).kept).toEqual([{ opType: 'MatMul', reason: 'its weight has no finite elements' }]);
    const empty = product();
    empty.graph.setInitializer('w', float32Tensor([3, 0], []));
    expect(quantizeDynamically(empty, settings()).nodesQuantized).toBe(0);
  });

  it('does not touch forms that the integer operators lack', () => {
    const graph = graphWith({ x: [1, 2, 8], bias: [1, 2, 2, 2] });
    graph.setInitializer('w', matrix(8, 24));
    graph.setInitializer('b', float32Tensor([24], new Float32Array(24)));
    const attributes = { num_heads: intAttribute(2) };
    const domain = 'com.microsoft';
    graph.addNode({ opType: 'Attention', domain, inputs: ['x', 'w', 'b', '', '', 'bias'], outputs: ['y'], attributes });
    const sized = { ...attributes, qkv_hidden_sizes: intsAttribute([8, 8, 8]) };
    graph.addNode({ opType: 'Attention', domain, inputs: ['x', 'w', 'b'], outputs: ['z'], attributes: sized });
    graph.addNode({ opType: 'Attention', inputs: ['x', 'w', 'b'], outputs: ['u'] });
    graph.addNode({ opType: 'LSTM', inputs: ['x', 'w', 'w'], outputs: ['v'], attributes: { layout: intAttribute(1) } });
    const { kept, nodesQuantized } = quantizeDynamically(modelOf(graph), settings());
    const form = 'its form has no integer operator';
    expect([nodesQuantized, kept.map(({ opType, reason }) => `${opType}: ${reason}`)]).toEqual([
      0,
      [`Attention: ${form}`, `Attention: ${form}`, `LSTM: ${form}`],
    ]);
  });

  it('quantises a constant that is only turned when that is forced', async () => {
    const turning = (): Model => {
      const graph = graphWith({ x: [4, 3] });
      graph.setInitializer('c', matrix(3, 4));
      graph.addNode({ opType: 'Transpose', inputs: ['c'], outputs: ['turned'] });
      graph.addNode({ opType: 'Add', inputs: ['x', 'turned'], outputs: ['y'] });
      graph.addOutput('y', floatType(4, 3));
      return modelOf(graph);
    };
    expect((await quantized(turning())).report.kept).toEqual([{ opType: 'Transpose', reason: 'its input is float' }]);
    const forced = await quantized(turning(), { forceQuantizeNoInputCheck: true });
    expect(histogram(forced.model)).toEqual({ Transpose: 1, DequantizeLinear: 1, Add: 1 });
  });
});
