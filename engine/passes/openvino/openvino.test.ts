import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVINOEncapsulation as manifest } from '../../../domain/passes/openvino-encapsulation.ts';
import { readString } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { epContextNodes } from '../../inspect/ep-context.ts';
import { checkModel } from '../../onnx/check.ts';
import { withScratch } from '../../runtime/scratch-models.ts';
import { int64Tensor, type NamedTensors } from '../../runtime/tensor.ts';
import { scriptedWorker } from '../../toolchain/worker.cases.ts';
import { writeCalibrationRows } from './calibration-rows.ts';
import { openVinoContext } from './context.cases.ts';
import { openVINOEncapsulation } from './encapsulation.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-openvino-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function* batches(...rows: NamedTensors[]): AsyncGenerator<NamedTensors> {
  yield* rows;
}

describe('calibration rows', () => {
  const row = (id: number): NamedTensors => ({ input_ids: int64Tensor([id, 2], [1, 2]), unread: int64Tensor([0], [1]) });
  const write = (source: AsyncIterable<NamedTensors>, names = ['input_ids']) =>
    writeCalibrationRows({ batches: source, names, indexPath: join(folder, 'rows.json'), pass: 'OpenVINOQuantization' });

  it('are raw little-endian bytes with an index of what lies where', async () => {
    expect(await write(batches(row(1), row(3)))).toBe(2);
    const { data, rows } = JSON.parse(await readFile(join(folder, 'rows.json'), 'utf8'));
    expect(rows[1]).toEqual({ input_ids: { dtype: 'int64', dims: [1, 2], offset: 16 } });
    expect((await readFile(data)).readBigInt64LE(16)).toBe(3n);
  });

  it('are 300 at most, which is what NNCF reads', async () => {
    expect(await write(batches(...Array.from({ length: 310 }, (_, id) => row(id))))).toBe(300);
  });

  it('are refused when they lack an input, or when there are none', async () => {
    await expect(write(batches(row(1)), ['input_ids', 'token_type_ids'])).rejects.toThrow(
      /no "token_type_ids"; they have input_ids, unread/,
    );
    await expect(write(batches())).rejects.toMatchObject({ code: 'pass-failed' });
  });
});

describe('OpenVINOEncapsulation', () => {
  const port = (name: string, type: string, dims: number[]) => ({ name, type, dims });
  const model = (outputs = [port('h', 'f32', [1, -1, 4])]) => ({
    xmlPath: join(folder, 'm.xml'),
    sizeBytes: 10,
    description: { version: '2026.4.1-x', inputs: [port('ids', 'i64', [1, -1])], outputs, operations: 3, quantizers: 0 },
    unquantized: null,
  });

  async function encapsulate(params: object, given = model()) {
    const worker = scriptedWorker(folder, () => ({ rows: 1, cosine: null }));
    return await withScratch(folder, async (scratch) => {
      const context = await openVinoContext(worker, scratch);
      return await openVINOEncapsulation.run(given, manifest.params.parse(params), context);
    });
  }

  it('writes one node that names device, version and the model beside it, with the inputs and outputs of the IR', async () => {
    const { model: wrapped, modelAttributes } = await encapsulate({ target_device: 'npu', ov_version: '2025.1' });
    checkModel(wrapped);
    expect(wrapped.graph.inputs).toEqual([{ name: 'ids', type: { kind: 'tensor', dataType: DataType.INT64, dims: [1, 'input_0_1'] } }]);
    expect(wrapped.graph.outputs[0]?.type).toMatchObject({ dims: [1, 'output_0_1', 4] });
    const [node] = wrapped.graph.nodes;
    expect([...(node?.attributes.keys() ?? [])]).toEqual([
      ...['embed_mode', 'ep_cache_context', 'ep_sdk_version', 'main_context', 'max_size', 'source', 'DeviceClass'],
    ]);
    expect(node && readString(node, 'DeviceClass', '')).toBe('NPU');
    await writeFile(join(folder, 'model.xml'), '<net/>');
    expect(epContextNodes(wrapped.graph, folder)).toMatchObject([
      { source: 'OpenVINOExecutionProvider', sdkVersion: '2025.1', file: { location: 'model.xml', sizeBytes: 6 } },
    ]);
    expect(modelAttributes).toMatchObject({ ep: 'OpenVINOExecutionProvider', device: 'NPU', sdk_version: '2025.1' });
  });

  it('writes the version that made the IR when none is asked for, and leaves open sizes unnamed when told to', async () => {
    const { model: wrapped } = await encapsulate({ keep_ov_dynamic_dims: true });
    const [node] = wrapped.graph.nodes;
    expect(node && readString(node, 'ep_sdk_version', '')).toBe('2026.4.1-x');
    expect(wrapped.graph.inputs[0]?.type).toMatchObject({ dims: [1, null] });
  });

  it('refuses an output without a name, and a type that ONNX has no name for', async () => {
    await expect(encapsulate({}, model([port('', 'f32', [1])]))).rejects.toThrow(/OpenVINOIoUpdate/);
    await expect(encapsulate({}, model([port('y', 'nf4', [1])]))).rejects.toMatchObject({ code: 'pass-failed' });
  });
});
