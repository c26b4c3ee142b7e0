import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatAttribute, intAttribute, intsAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import { graphWith, modelOf, runtime } from '../passes/passes.cases.ts';
import type { InferenceRuntime, Session } from '../runtime/inference-runtime.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { type CalibrationRequest, calibrate } from './calibrate.ts';

/** `half` = relu(x - 1) as float16, `moved` its transposition, `wide` a cast of it back. */
function chain(): Model {
  const graph = graphWith({ x: ['rows', 2] });
  graph.setInitializer('one', float32Tensor([], [1]));
  graph.addNode({ opType: 'Sub', inputs: ['x', 'one'], outputs: ['less'] });
  graph.addNode({ opType: 'Relu', inputs: ['less'], outputs: ['positive'] });
  graph.addNode({ opType: 'Transpose', inputs: ['positive'], outputs: ['moved'], attributes: { perm: intsAttribute([1, 0]) } });
  graph.addNode({ opType: 'Cast', inputs: ['moved'], outputs: ['half'], attributes: { to: intAttribute(DataType.FLOAT16) } });
  graph.addNode({ opType: 'Flatten', inputs: ['half'], outputs: ['flat'] });
  graph.addOutput('flat', tensorType(DataType.FLOAT16, undefined));
  for (const value of ['less', 'positive', 'moved']) graph.setType(value, tensorType(DataType.FLOAT, undefined));
  graph.setType('half', tensorType(DataType.FLOAT16, undefined));
  return modelOf(graph);
}

const ALL = ['x', 'less', 'positive', 'moved', 'half', 'flat'];

function feeds(values: readonly number[]): NamedTensors {
  return { x: { dtype: 'float32', dims: [values.length / 2, 2], data: Float32Array.from(values) } };
}

async function* each(batches: Iterable<readonly number[]>): AsyncGenerator<NamedTensors> {
  for (const values of batches) yield feeds(values);
}

async function ranges(changes: Partial<CalibrationRequest> & Pick<CalibrationRequest, 'batches'>) {
  const signal = new AbortController().signal;
  return calibrate({ model: chain(), tensors: ALL, method: 'min-max', runtime: await runtime(), signal, ...changes });
}

/** The runtime with a count of inferences. */
async function countingRuntime(): Promise<InferenceRuntime & { readonly runs: number }> {
  const inner = await runtime();
  let runs = 0;
  return {
    info: () => inner.info(),
    async createSession(request) {
      const session = await inner.createSession(request);
      const counting: Session = {
        inputs: session.inputs,
        outputs: session.outputs,
        run(tensors) {
          runs += 1;
          return session.run(tensors);
        },
        countRuns: (tensors, plan) => session.countRuns(tensors, plan),
        timeRuns: (tensors, window) => session.timeRuns(tensors, window),
        finishProfile: () => session.finishProfile(),
        close: () => session.close(),
      };
      return counting;
    },
    get runs() {
      return runs;
    },
  };
}

describe('calibration', () => {
  it('tells the least and greatest element that every tensor had in any batch', async () => {
    expect(
      await ranges({
        batches: each([
          [3, -2],
          [1, 0.1, 5, 4],
        ]),
      }),
    ).toEqual(
      new Map([
        ['x', { min: -2, max: 5 }],
        ['less', { min: -3, max: 4 }],
        ['positive', { min: 0, max: 4 }],
        ['moved', { min: 0, max: 4 }],
        ['half', { min: 0, max: 4 }],
        ['flat', { min: 0, max: 4 }],
      ]),
    );
  });

  it('takes the mean of the extremes of batches as a moving average, rounded to the type of the tensor', async () => {
    const found = await ranges({
      method: 'moving-average',
      batches: each([
        [3, -2],
        [1.25, 0.5],
        [1.1, 1],
      ]),
    });
    expect(found.get('x')).toEqual({ min: Math.fround((-2 + 0.5 + 1) / 3), max: Math.fround((3 + 1.25 + Math.fround(1.1)) / 3) });
    expect(found.get('half')).toEqual({ min: 0, max: 0.783203125 });
  });

  it('widens ranges about zero when they are to be symmetric', async () => {
    const found = await ranges({ symmetric: true, batches: each([[3, -7]]) });
    expect(found.get('x')).toEqual({ min: -7, max: 7 });
    expect(found.get('positive')).toEqual({ min: -2, max: 2 });
  });

  it('leaves out not-a-number, unless there is nothing else', async () => {
    const found = await ranges({
      tensors: ['x'],
      batches: each([
        [Number.NaN, Number.NaN],
        [2, 1],
      ]),
    });
    expect(found.get('x')).toEqual({ min: 1, max: 2 });
    const nothing = await ranges({ tensors: ['x'], batches: each([[Number.NaN, Number.NaN]]) });
    expect(nothing.get('x')).toEqual({ min: Number.NaN, max: Number.NaN });
  });

  it('leaves out batches in which a tensor is empty, and tensors that are empty in all', async () => {
    expect((await ranges({ tensors: ['x'], method: 'moving-average', batches: each([[], [2, 1]]) })).get('x')).toEqual({ min: 1, max: 2 });
    expect((await ranges({ tensors: ['x'], batches: each([[]]) })).size).toBe(0);
  });

  it('gives the model back as it was', async () => {
    const model = chain();
    const before = encodeModel(model);
    await ranges({ model, batches: each([[1, 2]]) });
    expect(encodeModel(model)).toEqual(before);
    await expect(ranges({ model, batches: each([]) })).rejects.toThrow();
    expect(encodeModel(model)).toEqual(before);
  });

  it('passes over names that are no float values of the main graph', async () => {
    const model = chain();
    model.graph.addNode({ opType: 'Shape', inputs: ['x'], outputs: ['shape'] });
    model.graph.setType('shape', tensorType(DataType.INT64, [2]));
    expect([...(await ranges({ model, tensors: ['absent', 'shape', 'x'], batches: each([[1, 2]]) })).keys()]).toEqual(['x']);
    expect((await ranges({ model, tensors: ['shape'], batches: each([]) })).size).toBe(0);
  });

  it('observes constants that only move', async () => {
    const model = chain();
    model.graph.setInitializer('c', float32Tensor([2, 1], [-4, 8]));
    model.graph.addNode({ opType: 'Transpose', inputs: ['c'], outputs: ['turned'] });
    model.graph.setType('turned', tensorType(DataType.FLOAT, [1, 2]));
    expect((await ranges({ model, tensors: ['turned'], batches: each([[1, 2]]) })).get('turned')).toEqual({ min: -4, max: 8 });
  });

  it('sees what the unoptimised graph computes, also where an optimiser would fold it', async () => {
    const graph = graphWith({ x: [1, 2] });
    graph.setInitializer('a', float32Tensor([2], [1, 2]));
    graph.addNode({ opType: 'LeakyRelu', inputs: ['a'], outputs: ['folded'], attributes: { alpha: floatAttribute(0.5) } });
    graph.addNode({ opType: 'Add', inputs: ['x', 'folded'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [1, 2]));
    graph.setType('folded', tensorType(DataType.FLOAT, [2]));
    const found = await ranges({ model: modelOf(graph), tensors: ['folded', 'y'], batches: each([[10, 20]]) });
    expect(found).toEqual(
      new Map([
        ['folded', { min: 1, max: 2 }],
        ['y', { min: 11, max: 22 }],
      ]),
    );
  });

  it('runs a batch that equals its predecessor once, and counts it as often as it comes', async () => {
    const counting = await countingRuntime();
    const seen: number[] = [];
    const found = await ranges({
      runtime: counting,
      tensors: ['x'],
      method: 'moving-average',
      batches: each([
        [3, -2],
        [3, -2],
        [3, -2],
        [0, 0],
        [3, -2],
      ]),
      onBatch: (count) => seen.push(count),
    });
    expect(found.get('x')).toEqual({ min: Math.fround(-8 / 5), max: Math.fround(12 / 5) });
    expect([counting.runs, seen]).toEqual([3, [1, 2, 3, 4, 5]]);
  });

  it('equals the extremes of all elements together, in any split into batches', async () => {
    const pairs = fc.array(fc.float({ noNaN: true, min: -1e4, max: 1e4 }), { minLength: 2, maxLength: 12 });
    const even = pairs.map((values) => (values.length % 2 === 0 ? values : values.slice(1)));
    await fc.assert(
      fc.asyncProperty(fc.array(even, { minLength: 1, maxLength: 5 }), async (batches) => {
        const all = batches.flat();
        const found = await ranges({ tensors: ['x'], batches: each(batches) });
        expect(found.get('x')).toEqual({ min: Math.min(...all) + 0, max: Math.max(...all) + 0 });
      }),
      { numRuns: 20 },
    );
  });

  it('holds no more than one batch of thousands', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const rows = 4_096;
    const batchCount = 2_000;
    async function* many(): AsyncGenerator<NamedTensors> {
      for (let i = 0; i < batchCount; i++) yield feeds(new Array<number>(2 * rows).fill(i));
    }
    collectGarbage();
    const before = process.memoryUsage();
    const found = await ranges({ tensors: ['x', 'half'], batches: many() });
    collectGarbage();
    const after = process.memoryUsage();
    expect(found.get('x')).toEqual({ min: 0, max: batchCount - 1 });
    const keptBytes = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
    // All batches together have 65 MB.
    expect(keptBytes).toBeLessThan(8_000_000);
  });

  it('stops between batches when it is told to', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<NamedTensors> {
      for (let i = 0; ; i++) {
        if (i === 3) controller.abort(new Error('enough'));
        yield feeds([i, i]);
      }
    }
    await expect(ranges({ batches: endless(), signal: controller.signal })).rejects.toThrow('enough');
  });

  it('refuses data without a batch, and batches that do not fit the model', async () => {
    await expect(ranges({ batches: each([]) })).rejects.toMatchObject({ code: 'pass-failed' });
    async function* other(): AsyncGenerator<NamedTensors> {
      yield { y: { dtype: 'float32', dims: [1], data: Float32Array.of(1) } };
    }
    await expect(ranges({ batches: other() })).rejects.toMatchObject({ code: 'inference-failed' });
  });
});
