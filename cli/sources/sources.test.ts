import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localDataFile, parseDataFile } from './data-file.ts';
import { findInHubCache, hubCacheFolder } from './hub-cache.ts';
import { readLocalRecipe, readRecipeFile } from './local-recipe.ts';
import { choiceText, readModelFolder } from './model-folder.ts';
import { readRecipeArgument } from './recipe-argument.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-sources-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a model folder', () => {
  test('yields the checkpoint files and leaves others out', async () => {
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'README.md', 'metrics.json'])
      await writeFile(join(folder, name), '{}');
    const model = await readModelFolder(folder);
    expect(model.files.map((file) => file.path)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(model.synthetic).toBe(false);
  });

  test('is synthetic when it carries the marker', async () => {
    for (const name of ['config.json', 'model.safetensors', 'grove-synthetic.json']) await writeFile(join(folder, name), '{}');
    expect((await readModelFolder(folder)).synthetic).toBe(true);
  });

  test('with pickled weights only is refused with the way out', async () => {
    for (const name of ['config.json', 'pytorch_model.bin']) await writeFile(join(folder, name), '{}');
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      code: 'invalid-checkpoint',
      message: expect.stringContaining('save_pretrained'),
    });
  });

  test('that does not exist is refused by name', async () => {
    await expect(readModelFolder(join(folder, 'absent'))).rejects.toMatchObject({
      code: 'invalid-checkpoint',
      message: expect.stringContaining('absent'),
    });
  });
});

describe('an ONNX model', () => {
  const listed = async (path: string, recipes?: Parameters<typeof readModelFolder>[1]) =>
    (await readModelFolder(path, recipes)).files.map((file) => file.path);

  beforeEach(async () => {
    await mkdir(join(folder, 'onnx'));
    for (const name of ['net.onnx', 'net.onnx.data', 'tokenizer.json', 'README.md', 'onnx/model.onnx', 'onnx/model.onnx_data'])
      await writeFile(join(folder, name), 'x');
  });

  test('is the file with its weights and tokenizer', async () => {
    expect(await listed(join(folder, 'net.onnx'))).toEqual(['net.onnx', 'net.onnx.data', 'tokenizer.json']);
  });

  test('is the usual one of a folder, or the one that a recipe names', async () => {
    expect(await listed(folder)).toEqual(['onnx/model.onnx', 'onnx/model.onnx_data', 'tokenizer.json']);
    const named = [{ type: 'ONNXModel', modelPath: null, config: { onnx_file_name: 'net.onnx' } }];
    expect(await listed(folder, named)).toEqual(['net.onnx', 'net.onnx.data', 'tokenizer.json']);
  });

  test('is asked for where several could be meant', async () => {
    await rm(join(folder, 'onnx', 'model.onnx'));
    await writeFile(join(folder, 'other.onnx'), 'x');
    await expect(readModelFolder(folder)).rejects.toThrow(
      /it has net.onnx, other.onnx; name one with onnx_file_name .* or as --model .*FILE.onnx/,
    );
  });

  test('is no other file', async () => {
    await expect(readModelFolder(join(folder, 'README.md'))).rejects.toThrow('neither a folder nor an .onnx file');
  });
});

describe('a folder with a checkpoint and graphs', () => {
  const CHECKPOINT = ['config.json', 'model.safetensors', 'tokenizer.json'];
  const GRAPH = ['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data', 'tokenizer.json'];
  const hf = { type: 'HfModel', modelPath: 'org/model', config: {} };
  const onnx = { type: 'ONNXModel', modelPath: null, config: {} };

  beforeEach(async () => {
    await mkdir(join(folder, 'onnx'));
    for (const name of [...CHECKPOINT, 'onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model_fp16.onnx'])
      await writeFile(join(folder, name), '{}');
  });

  test.each([
    ['no recipe that is known', [], CHECKPOINT],
    ['a recipe that exports', [hf], CHECKPOINT],
    ['a recipe of an ONNX model', [onnx], GRAPH],
    ['both', [hf, onnx], [...new Set([...CHECKPOINT, ...GRAPH])].sort()],
  ])('gives %s what it starts from', async (_, recipes, files) => {
    expect((await readModelFolder(folder, recipes)).files.map(({ path }) => path)).toEqual(files);
  });

  test('says what was taken, what was left, and how to take that', async () => {
    const asCheckpoint = choiceText(folder, await readModelFolder(folder));
    expect(asCheckpoint).toContain('taking config.json, model.safetensors, tokenizer.json; leaving onnx/model.onnx, onnx/model_fp16.onnx.');
    expect(asCheckpoint).toContain(join(folder, 'onnx', 'model.onnx'));
    expect(choiceText(folder, await readModelFolder(folder, [onnx]))).toContain('leaving model.safetensors, onnx/model_fp16.onnx.');
    await rm(join(folder, 'onnx'), { recursive: true });
    expect(choiceText(folder, await readModelFolder(folder))).toBeUndefined();
  });

  test('gives a graph that is named, with the tokenizer above it', async () => {
    const { files } = await readModelFolder(join(folder, 'onnx', 'model_fp16.onnx'));
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'onnx/model_fp16.onnx', 'tokenizer.json']);
  });

  test('is refused for a recipe of an ONNX model when it has none', async () => {
    await rm(join(folder, 'onnx'), { recursive: true });
    await expect(readModelFolder(folder, [onnx])).rejects.toThrow('it has no .onnx file');
  });
});

describe('what holds nothing', () => {
  const empty = async (name: string) => {
    await writeFile(join(folder, name), '');
    return join(folder, name);
  };

  test('is refused before it is uploaded: a graph, weights, rows', async () => {
    const problem = { message: expect.stringContaining('it is empty') };
    await expect(readModelFolder(await empty('net.onnx'))).rejects.toMatchObject({ code: 'invalid-checkpoint', ...problem });
    await writeFile(join(folder, 'config.json'), '{}');
    await empty('model.safetensors');
    await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'invalid-checkpoint', ...problem });
    const rows = await empty('rows.jsonl');
    await expect(localDataFile(rows)).rejects.toMatchObject({ code: 'invalid-data-file', ...problem });
    await expect(parseDataFile('xnli=rows.jsonl', folder)).rejects.toMatchObject({ code: 'invalid-data-file', ...problem });
  });

  test('is not a folder where a file of rows is asked for', async () => {
    await expect(localDataFile(folder)).rejects.toThrow('it is a folder');
    await expect(parseDataFile(`xnli=${folder}`, folder)).rejects.toThrow('it is a folder');
  });
});

describe('a recipe', () => {
  test('that is no JSON is refused before a model is uploaded for it', async () => {
    await writeFile(join(folder, 'bad.json'), '{"a":');
    await expect(readRecipeArgument('bad.json', { cwd: folder, withScripts: false })).rejects.toMatchObject({ code: 'recipe-not-json' });
  });

  test('is no model', async () => {
    for (const read of [readLocalRecipe('net.onnx', { task: undefined, set: [] }), readRecipeFile('NET.ONNX')])
      await expect(read).rejects.toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('is a model') });
  });
});

describe('a hub cache', () => {
  const revision = 'a'.repeat(40);

  test('is found where the environment says', () => {
    expect(hubCacheFolder({ HF_HUB_CACHE: '/x' })).toBe('/x');
    expect(hubCacheFolder({ HF_HOME: '/y' })).toBe(join('/y', 'hub'));
  });

  test('yields the pinned snapshot, through its links', async () => {
    const snapshot = join(folder, 'models--org--name', 'snapshots', revision);
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(folder, 'models--org--name', 'refs'));
    await writeFile(join(folder, 'models--org--name', 'refs', 'main'), revision);
    await writeFile(join(folder, 'weights'), 'x');
    await writeFile(join(snapshot, 'config.json'), '{}');
    await symlink(join(folder, 'weights'), join(snapshot, 'model.safetensors'));
    expect(await findInHubCache(folder, 'org/name')).toBe(snapshot);
    const model = await readModelFolder(snapshot);
    expect(model.files.find((file) => file.path === 'model.safetensors')?.sizeBytes).toBe(1);
  });

  test('yields nothing for a model it lacks or has in part', async () => {
    await mkdir(join(folder, 'models--org--half', 'snapshots', revision), { recursive: true });
    expect(await findInHubCache(folder, 'org/half')).toBeUndefined();
    expect(await findInHubCache(folder, 'org/none')).toBeUndefined();
  });
});
