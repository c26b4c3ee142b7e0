import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertApart, openOutputDraft } from './output-folder.ts';

let parent = '';
let out = '';
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'grove-output-'));
  out = join(parent, 'deep', 'out');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

async function fill(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

const NEW = { 'model.onnx': 'new', 'model_config.json': 'new', 'footprint.json': 'new' };

async function convertTo(folder: string, { overwrite = false } = {}): Promise<void> {
  const draft = await openOutputDraft(folder, overwrite);
  await fill(draft.folder, NEW);
  await draft.publish();
  await draft.discard();
}

describe('a new output folder', () => {
  it('below a file is refused in words', async () => {
    await writeFile(join(parent, 'deep'), 'a file');
    await expect(openOutputDraft(out, false)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/nothing can be written to .*deep: a part of the path is a file/),
    });
  });

  it('is not there before the conversion is whole', async () => {
    const draft = await openOutputDraft(out, false);
    await fill(draft.folder, NEW);
    await expect(access(out)).rejects.toThrow('ENOENT');
    await draft.publish();
    expect((await readdir(out)).sort()).toEqual(Object.keys(NEW).sort());
  });

  it('is never there when the conversion ends early, and nothing else is left', async () => {
    const draft = await openOutputDraft(out, false);
    await fill(draft.folder, NEW);
    await draft.discard();
    expect(await readdir(join(parent, 'deep'))).toEqual([]);
  });
});

describe('an output folder that exists', () => {
  it('keeps an earlier conversion until the new one is whole', async () => {
    await fill(out, { 'model.onnx': 'old', 'model_config.json': 'old' });
    const draft = await openOutputDraft(out, false);
    await fill(draft.folder, NEW);
    expect(await readFile(join(out, 'model.onnx'), 'utf8')).toBe('old');
    await draft.discard();
    expect(await readFile(join(out, 'model_config.json'), 'utf8')).toBe('old');
    expect((await readdir(out)).sort()).toEqual(['model.onnx', 'model_config.json']);
  });

  it('loses all of an earlier conversion, whatever its weights file is called', async () => {
    const footprint = JSON.stringify({ a: { pass_run_config: null }, b: { pass_run_config: { external_data_name: 'weights.bin' } } });
    await fill(out, { 'model.onnx': 'old', 'weights.bin': 'old', 'metrics.json': 'old', 'footprint.json': footprint });
    await convertTo(out);
    expect((await readdir(out)).sort()).toEqual(Object.keys(NEW).sort());
    expect(await readFile(join(out, 'model.onnx'), 'utf8')).toBe('new');
  });

  it('is taken when it is empty', async () => {
    await mkdir(out, { recursive: true });
    await convertTo(out);
    expect((await readdir(out)).sort()).toEqual(Object.keys(NEW).sort());
  });

  it('is refused when it holds other files, which are named', async () => {
    await fill(out, { 'thesis.txt': 'mine', 'model.onnx': 'old' });
    await expect(openOutputDraft(out, false)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('thesis.txt'),
    });
    expect((await readdir(out)).sort()).toEqual(['model.onnx', 'thesis.txt']);
  });

  it('keeps other files when it is to be written all the same', async () => {
    await fill(out, { 'thesis.txt': 'mine', 'model.onnx': 'old' });
    await convertTo(out, { overwrite: true });
    expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('mine');
    expect(await readFile(join(out, 'model.onnx'), 'utf8')).toBe('new');
  });

  it.each([['not JSON'], ['[1, 2]'], ['{"a": 3}'], ['{"a": {"pass_run_config": 7}}']])(
    'is understood when its record is damaged: %s',
    async (footprint) => {
      await fill(out, { 'model.onnx': 'old', 'footprint.json': footprint });
      await convertTo(out);
      expect((await readdir(out)).sort()).toEqual(Object.keys(NEW).sort());
    },
  );

  it('is refused when it is a file', async () => {
    await fill(parent, { file: '' });
    await expect(openOutputDraft(join(parent, 'file'), true)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

it("takes a model that no record calls a conversion's for somebody's own", async () => {
  await fill(out, { 'model.onnx': 'mine', 'model.onnx.data': 'mine' });
  await expect(openOutputDraft(out, false)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('model.onnx'),
  });
  expect(await readFile(join(out, 'model.onnx'), 'utf8')).toBe('mine');
});

it('is never the folder of the model that is converted', async () => {
  await fill(out, { 'model.onnx': 'mine' });
  for (const source of [out, join(out, 'model.onnx'), join(out, '..', 'out')])
    await expect(assertApart(source, out)).rejects.toMatchObject({ code: 'invalid-argument' });
  await assertApart(out, join(out, 'new'));
  await assertApart(join(out, 'model.onnx'), parent);
  await assertApart(out, join(out, '..'));
});
