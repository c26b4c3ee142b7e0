import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { float32Tensor, type Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { readModelFile } from '../onnx/read.ts';
import { graphWith, modelOf } from '../passes/passes.cases.ts';
import { SCRATCH_WEIGHTS, ScratchModels, withScratch } from './scratch-models.ts';

/** Floats of a row of the weights below. */
const COLUMNS = 64;

const rows = (count: number, value: number): Tensor => float32Tensor([count, COLUMNS], new Float32Array(count * COLUMNS).fill(value));

function sumOf(weights: Readonly<Record<string, Tensor>>) {
  const graph = graphWith({ x: [COLUMNS] });
  for (const [name, tensor] of Object.entries(weights)) graph.setInitializer(name, tensor);
  graph.addNode({ opType: 'Sum', inputs: ['x', ...Object.keys(weights)], outputs: ['y'] });
  graph.addOutput('y', tensorType(DataType.FLOAT, undefined));
  return modelOf(graph);
}

const contentOf = async (path: string) =>
  Object.fromEntries(
    [...(await readModelFile(path)).graph.initializers].map(([name, { bytes }]) => [name, Buffer.from(bytes).readFloatLE(0)]),
  );

let scratch: ScratchModels;
beforeEach(async () => {
  scratch = await ScratchModels.open();
});
afterEach(() => scratch.close());

describe('scratch models', () => {
  it('hold what weights they share once, whatever their names', async () => {
    const [one, two, three] = [rows(8, 1), rows(8, 2), rows(8, 3)];
    const first = await scratch.write(sumOf({ a: one, b: two }));
    const weights = join(dirname(first.modelPath), SCRATCH_WEIGHTS);
    const { size } = await stat(weights);
    const second = await scratch.write(sumOf({ renamed: two, again: two, c: three }));
    expect(await contentOf(first.modelPath)).toEqual({ a: 1, b: 2 });
    expect(await contentOf(second.modelPath)).toEqual({ renamed: 2, again: 2, c: 3 });
    expect((await stat(weights)).size - size).toBe(8 * COLUMNS * 4);
    const third = await scratch.write(sumOf({ a: one, c: three }));
    expect(await contentOf(third.modelPath)).toEqual({ a: 1, c: 3 });
    expect((await stat(weights)).size - size).toBe(8 * COLUMNS * 4);
  });

  it('find the weights that were written ahead', async () => {
    const [one, two] = [rows(8, 1), rows(8, 2)];
    scratch.writeAhead(sumOf({ a: one, b: two }));
    const { modelPath } = await scratch.write(sumOf({ renamed: two, c: rows(8, 3) }));
    expect(await contentOf(modelPath)).toEqual({ renamed: 2, c: 3 });
    expect((await stat(join(dirname(modelPath), SCRATCH_WEIGHTS))).size).toBe(3 * 8 * COLUMNS * 4);
  });

  it('tell where it matters that weights could not be written ahead, and vanish all the same', async () => {
    const own = await ScratchModels.open();
    const folder = dirname(own.path());
    await mkdir(join(folder, SCRATCH_WEIGHTS));
    own.writeAhead(sumOf({ a: rows(8, 1) }));
    await expect(own.write(sumOf({ a: rows(8, 1) }))).rejects.toThrow('EEXIST');
    await own.close();
    await expect(stat(folder)).rejects.toThrow('ENOENT');
  });

  it('keep small constants inside, and need no weights file without large ones', async () => {
    const { modelPath, places } = await scratch.write(sumOf({ small: rows(1, 4) }));
    expect([places.size, await contentOf(modelPath), await readdir(dirname(modelPath))]).toEqual([0, { small: 4 }, ['1.onnx']]);
  });

  it('of one piece of work vanish with it, also when it fails', async () => {
    let folder = '';
    const work = withScratch(dirname(scratch.path()), async (own) => {
      folder = dirname((await own.write(sumOf({ a: rows(8, 1) }))).modelPath);
      throw new Error('it failed');
    });
    await expect(work).rejects.toThrow('it failed');
    await expect(stat(folder)).rejects.toThrow();
    expect(await withScratch(scratch, async (given) => given)).toBe(scratch);
    expect(await readdir(dirname(scratch.path()))).toEqual([]);
  });
});
