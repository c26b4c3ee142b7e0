import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataType } from '../../engine/graph/data-type.ts';
import { Graph } from '../../engine/graph/graph.ts';
import { createModel } from '../../engine/graph/model.ts';
import { float32Tensor } from '../../engine/graph/tensor.ts';
import { tensorType } from '../../engine/graph/value.ts';
import { writeModelFile } from '../../engine/onnx/write.ts';
import { RecordingTerminal } from '../terminal.cases.ts';
import { type DiffOptions, runDiff } from './run-diff.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-run-diff-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** y = x * factor, of a shape. */
async function model(name: string, factor: number, dims: readonly number[] = [1, 4]): Promise<string> {
  const graph = new Graph('g');
  graph.addInput('x', tensorType(DataType.FLOAT, dims));
  graph.setInitializer('k', float32Tensor([4], [factor, factor, factor, 1]));
  graph.addNode({ opType: 'Mul', name: 'mul', inputs: ['x', 'k'], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, dims));
  const path = join(folder, name);
  await writeModelFile(createModel(graph, { irVersion: 8, opsetImports: [['', 17]] }), path);
  return path;
}

interface Diffed {
  readonly text: string;
  readonly exitCode: number | undefined;
}

async function diff(a: string, b: string, options: Partial<DiffOptions> = {}): Promise<Diffed> {
  const terminal = new RecordingTerminal();
  let exitCode: number | undefined;
  const exit = (code: number) => {
    exitCode = code;
  };
  const context = { terminal, env: {}, exit, interrupted: new AbortController().signal };
  await runDiff(a, b, { options: { output: 'table', rows: 2, idsBelow: 10, ...options }, context });
  return { text: terminal.written, exitCode };
}

describe('grove diff', () => {
  it('ends with 0 for equal models', async () => {
    const { text, exitCode } = await diff(await model('a.onnx', 2), await model('b.onnx', 2));
    expect(exitCode).toBe(0);
    expect(text).toContain('\nsame\n');
    expect(text).toContain('nodes: 1 compute the same');
  });

  it('ends with 3 for different ones and says where and how much', async () => {
    const { text, exitCode } = await diff(await model('a.onnx', 2), await model('b.onnx', 2.001));
    expect(exitCode).toBe(3);
    expect(text).toContain('DIFFERENT');
    expect(text).toContain('different weights k: float[4], largest difference 0.00100');
    expect(text).toMatch(/^y +1\.000000 +1\.000000 +\d+\.\d dB/m);
  });

  it('judges by outputs when a cosine is asked for', async () => {
    const [a, near, far] = [await model('a.onnx', 2), await model('near.onnx', 2.001), await model('far.onnx', -2)];
    expect((await diff(a, near, { minCosine: 0.9999 })).exitCode).toBe(0);
    expect((await diff(a, far, { minCosine: 0.9999 })).exitCode).toBe(3);
  });

  it('ends with 4 when outputs decide and cannot be compared', async () => {
    const { text, exitCode } = await diff(await model('a.onnx', 2), await model('b.onnx', 2, [3, 4]), { minCosine: 0.9 });
    expect(exitCode).toBe(4);
    expect(text).toContain('outputs: not compared: input "x" has shapes that no tensor fits');
  });

  it('gives everything as JSON', async () => {
    const { text } = await diff(await model('a.onnx', 2), await model('b.onnx', 3), { output: 'json' });
    expect(JSON.parse(text)).toMatchObject({ verdict: 'different', minCosine: null, structure: { nodes: { downstream: 1 } } });
  });

  it('refuses rows without columns', async () => {
    const path = await model('a.onnx', 2);
    const other = await model('b.onnx', 3);
    await expect(diff(path, other, { data: path })).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
