import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { intAttribute, stringAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { tensorType } from '../graph/value.ts';
import { COMPILED_EP, COMPILED_EP_VERSION } from '../onnx/metadata-names.ts';
import { linearModel } from '../runtime/small-models.cases.ts';
import { compiledParts, copyCompiledParts } from './compiled-parts.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-parts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A model of one compiled part in the file of that name, or of several. */
function compiled(...files: readonly string[]): Model {
  const graph = new Graph('compiled');
  graph.addInput('x', tensorType(DataType.FLOAT, [1]));
  graph.addOutput('y', tensorType(DataType.FLOAT, [1]));
  const attributes = (file: string) => ({
    source: stringAttribute('QNNExecutionProvider'),
    ep_sdk_version: stringAttribute('v2.51.0'),
    ep_cache_context: stringAttribute(file),
    embed_mode: intAttribute(0),
  });
  for (const [index, file] of files.entries()) {
    const outputs = [index === 0 ? 'y' : `y${index}`];
    graph.addNode({ opType: 'EPContext', domain: 'com.microsoft', name: 'part', inputs: ['x'], outputs, attributes: attributes(file) });
  }
  return createModel(graph, {
    irVersion: 10,
    opsetImports: [
      ['', 17],
      ['com.microsoft', 1],
    ],
  });
}

describe('the compiled parts of a model', () => {
  it('are none in plain ONNX', () => {
    expect(compiledParts(linearModel(), folder)).toBeUndefined();
  });

  it('are told with who compiled them, and their files go along', async () => {
    await writeFile(join(folder, 'model_qnn.bin'), 'machine code');
    const model = compiled('model_qnn.bin');
    expect(compiledParts(model, folder)?.attributes).toEqual({ ep: 'QNNExecutionProvider', sdk_version: 'v2.51.0' });
    model.metadata.set(COMPILED_EP, 'QNNExecutionProvider');
    model.metadata.set(COMPILED_EP_VERSION, '2.7.0');
    const parts = compiledParts(model, folder);
    expect(parts?.attributes).toMatchObject({ ep_version: '2.7.0' });
    const out = join(folder, 'out');
    await mkdir(out);
    expect(parts && (await copyCompiledParts(parts, out, ['model.onnx']))).toEqual(['model_qnn.bin']);
    expect(await readFile(join(out, 'model_qnn.bin'), 'utf8')).toBe('machine code');
  });

  it('are looked at all, however many there are', async () => {
    await writeFile(join(folder, 'part.bin'), 'machine code');
    const many = Array.from({ length: 120 }, () => 'part.bin');
    expect(compiledParts(compiled(...many), folder)?.files).toEqual(['part.bin']);
    expect(() => compiledParts(compiled(...many, '../outside.bin'), folder)).toThrow(expect.objectContaining({ code: 'invalid-onnx' }));
  });

  it.each(['model.onnx', './Model.ONNX', 'model_config.json'])('never replace the file %s that was written', async (file) => {
    await writeFile(join(folder, file), 'another');
    const parts = { folder, files: [file], attributes: {} };
    const copied = copyCompiledParts(parts, join(folder, 'out'), ['model.onnx', 'model_config.json']);
    await expect(copied).rejects.toMatchObject({ code: 'invalid-onnx' });
  });

  it.each(['missing.bin', '../outside.bin', '/etc/hostname'])('refuse the file %s', (file) => {
    expect(() => compiledParts(compiled(file), folder)).toThrow(expect.objectContaining({ code: 'invalid-onnx' }));
  });
});
