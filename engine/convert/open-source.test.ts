import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InputModel, JsonObject } from '../../domain/recipe/recipe.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel } from '../graph/model.ts';
import { tensorType } from '../graph/value.ts';
import { encodeModel } from '../onnx/write.ts';
import { openSource } from './open-source.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-source-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function onnx(config: JsonObject = {}, modelPath: string | null = null): InputModel {
  return { type: 'ONNXModel', modelPath, task: '', config };
}

/** Writes models that bear their own path as the graph's name. */
async function writeModels(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const graph = new Graph(path);
    graph.addInput('x', tensorType(DataType.FLOAT, ['N', 4]));
    graph.addNode({ opType: 'Relu', inputs: ['x'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, ['N', 4]));
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), encodeModel(createModel(graph, { irVersion: 8, opsetImports: [['', 13]] })));
  }
}

describe('an ONNX model', () => {
  it('is the file itself', async () => {
    await writeModels('a.onnx', 'b.onnx');
    expect((await openSource(onnx(), join(folder, 'b.onnx')))?.model.graph.name).toBe('b.onnx');
  });

  it('is found in a folder, one level down too', async () => {
    await writeModels('onnx/vit.onnx');
    await writeFile(join(folder, 'config.json'), '{}');
    expect((await openSource(onnx(), folder))?.model.graph.name).toBe('onnx/vit.onnx');
  });

  it('is the one the recipe names', async () => {
    await writeModels('model.onnx', 'onnx/model_fp16.onnx', 'net.onnx');
    const opened = await Promise.all(
      [onnx({ onnx_file_name: 'onnx/model_fp16.onnx' }), onnx({}, 'some/net.onnx'), onnx()].map((model) => openSource(model, folder)),
    );
    expect(opened.map((one) => one?.model.graph.name)).toEqual(['onnx/model_fp16.onnx', 'net.onnx', 'model.onnx']);
  });

  it("carries the recipe's model_attributes along", async () => {
    await writeModels('a.onnx');
    const opened = await openSource(onnx({ model_attributes: { model_type: 'bert', num_attention_heads: 4 } }), folder);
    expect(opened?.modelAttributes).toEqual({ model_type: 'bert', num_attention_heads: 4 });
  });

  it.each([
    ['no graph', [], onnx(), 'it has no .onnx file'],
    ['several graphs', ['a.onnx', 'b.onnx'], onnx(), 'it has a.onnx, b.onnx; name one with onnx_file_name'],
    ['another graph than the named one', ['a.onnx'], onnx({ onnx_file_name: '../a.onnx' }), 'it has no ../a.onnx'],
  ])('is refused when the folder has %s', async (_, paths, model, problem) => {
    await writeModels(...paths);
    await expect(openSource(model, folder)).rejects.toMatchObject({ code: 'unsupported-input', message: expect.stringContaining(problem) });
  });

  it('is not a checkpoint, which is said', async () => {
    for (const name of ['config.json', 'model.safetensors']) await writeFile(join(folder, name), '');
    await expect(openSource(onnx(), folder)).rejects.toThrow('set input_model.type to HfModel');
  });

  it.each(['constant_inputs_file_name', 'external_initializers_file_name', 'use_ort_extensions'])('with %s is refused', async (name) => {
    await writeModels('a.onnx');
    await expect(openSource(onnx({ [name]: 'x' }), folder)).rejects.toThrow(name);
    await expect(openSource(onnx({ [name]: null }), folder)).resolves.toBeDefined();
  });

  it('that is not there is not found', async () => {
    await expect(openSource(onnx(), join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

it('a checkpoint is opened by its export pass, any other model by Olive', async () => {
  expect(await openSource({ ...onnx(), type: 'HfModel' }, folder)).toBeUndefined();
  await expect(openSource({ ...onnx(), type: 'PyTorchModel' }, folder)).rejects.toThrow('PyTorchModel need Olive');
});
