import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { float32Tensor, float32Values, type Tensor } from '../graph/tensor.ts';
import { safetensorsOf } from './checkpoints.cases.ts';
import { openShards } from './weight-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-shards-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tensor = (value: number): Tensor => float32Tensor([1], [value]);

async function writeShard(name: string, tensors: Record<string, Tensor>, where = folder): Promise<void> {
  await writeFile(join(where, name), safetensorsOf(new Map(Object.entries(tensors))));
}

async function writeIndex(index: unknown, where = folder): Promise<void> {
  await writeFile(join(where, 'model.safetensors.index.json'), JSON.stringify(index));
}

describe('shards', () => {
  test('give the tensors of all of them, those too that the index leaves out', async () => {
    await writeShard('model-00001-of-00002.safetensors', { a: tensor(1), left: tensor(3) });
    await writeShard('model-00002-of-00002.safetensors', { b: tensor(2) });
    await writeIndex({ metadata: {}, weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' } });
    const files = await openShards(folder);
    expect(['a', 'b', 'left'].map((name) => float32Values(files.read(name)!)[0])).toEqual([1, 2, 3]);
    expect(files.entry('b')).toMatchObject({ dims: [1] });
    expect([files.entry('none'), files.read('none')]).toEqual([undefined, undefined]);
    files.close();
  });

  test.each<[string, unknown, string, string]>([
    ['outside the folder', { weight_map: { t: '../evil.safetensors' } }, 'unsafe-path', '../evil'],
    ['at an absolute path', { weight_map: { t: '/abs.safetensors' } }, 'unsafe-path', '/abs'],
    ['that is missing', { weight_map: { t: 'none.safetensors' } }, 'not-found', 'none.safetensors'],
    ['that lacks a tensor', { weight_map: { t: 'one.safetensors' } }, 'invalid-checkpoint', '"t" is not in one.safetensors'],
    [
      'that share a tensor',
      { weight_map: { a: 'one.safetensors', b: 'two.safetensors' } },
      'invalid-checkpoint',
      '"a" is in one.safetensors and in two.safetensors',
    ],
    [
      'of which another has the tensor',
      { weight_map: { a: 'one.safetensors', c: 'one.safetensors', b: 'three.safetensors' } },
      'invalid-checkpoint',
      '"c" is not in one',
    ],
    ['by a list', { weight_map: ['t'] }, 'invalid-checkpoint', 'weight_map'],
    ['by no map', {}, 'invalid-checkpoint', 'weight_map'],
    [
      'in thousands',
      { weight_map: Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`t${index}`, `${index}.safetensors`])) },
      'invalid-checkpoint',
      '1000 files',
    ],
  ])('%s are refused', async (_, index, code, problem) => {
    await writeShard('one.safetensors', { a: tensor(1) });
    await writeShard('two.safetensors', { a: tensor(1), b: tensor(2) });
    await writeShard('three.safetensors', { b: tensor(2), c: tensor(3) });
    await writeIndex(index);
    await expect(openShards(folder)).rejects.toMatchObject({ code, message: expect.stringContaining(problem) });
  });

  test('give every tensor of the index or a GroveError, whatever the index says', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'constructor', '');
    const file = fc.oneof(
      fc.constantFrom('one.safetensors', 'two.safetensors', 'three.safetensors', '.safetensors', 'dir.safetensors'),
      fc.string(),
    );
    const map = fc.oneof(fc.dictionary(name, file), fc.jsonValue());
    let round = 0;
    await fc.assert(
      fc.asyncProperty(map, async (weight_map) => {
        const where = join(folder, `${round++}`);
        await mkdir(join(where, 'dir.safetensors'), { recursive: true });
        await writeShard('one.safetensors', { a: tensor(1) }, where);
        await writeShard('two.safetensors', { b: tensor(2) }, where);
        await writeIndex({ weight_map }, where);
        const files = await openShards(where).catch((thrown: unknown) => {
          expect(thrown).toBeInstanceOf(GroveError);
          return undefined;
        });
        for (const [key] of files ? Object.entries(weight_map as object) : []) expect(files?.read(key)).toBeDefined();
        files?.close();
      }),
      { numRuns: 200 },
    );
  });
});
