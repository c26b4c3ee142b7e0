import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readString, stringAttribute } from '../graph/attribute.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel } from '../graph/model.ts';
import { tensorType } from '../graph/value.ts';
import { readModelFile } from '../onnx/read.ts';
import { encodeModel } from '../onnx/write.ts';
import { loadRuntime } from '../runtime/load-runtime.ts';
import { linearModel } from '../runtime/small-models.cases.ts';
import { moveToDevice } from './move-device.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-move-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function encapsulated() {
  const graph = new Graph('EP_Context_Model');
  graph.addInput('x', tensorType(DataType.FLOAT, [1]));
  graph.addOutput('y', tensorType(DataType.FLOAT, [1]));
  const attributes = { source: stringAttribute('OpenVINOExecutionProvider'), DeviceClass: stringAttribute('NPU') };
  graph.addNode({ opType: 'EPContext', domain: 'com.microsoft', name: 'ContextNode', inputs: ['x'], outputs: ['y'], attributes });
  return createModel(graph, {
    irVersion: 10,
    opsetImports: [
      ['', 17],
      ['com.microsoft', 1],
    ],
  });
}

async function place(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  return path;
}

it('rewrites the kind of device in this copy alone: what other names of the file show stays', async () => {
  const modelPath = await place(encodeModel(encapsulated()));
  const cached = join(folder, 'cached');
  await link(modelPath, cached);
  const before = await readFile(cached);
  expect(await moveToDevice({ modelPath, deviceClass: 'cpu' })).toEqual({ moved: 1 });
  const [node] = (await readModelFile(modelPath)).graph.nodes;
  expect(node && readString(node, 'DeviceClass', '')).toBe('CPU');
  expect(await readFile(cached)).toEqual(before);
});

it('leaves a model without compiled parts as it is', async () => {
  const bytes = encodeModel(linearModel());
  const modelPath = await place(bytes);
  expect(await moveToDevice({ modelPath, deviceClass: 'cpu' })).toEqual({ moved: 0 });
  expect(new Uint8Array(await readFile(modelPath))).toEqual(bytes);
});

it('a session on another execution provider says whose model it is', async () => {
  const runtime = await loadRuntime();
  const path = await place(encodeModel(encapsulated()));
  await expect(runtime.createSession({ model: { path }, ep: 'CPUExecutionProvider' })).rejects.toMatchObject({
    code: 'ep-bound-artifact',
    message: expect.stringContaining('bound to OpenVINOExecutionProvider'),
  });
});
