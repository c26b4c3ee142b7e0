import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../onnx/write.ts';
import { describeInferenceRuntime } from '../inference-runtime.cases.ts';
import { linearModel, longModel } from '../small-models.cases.ts';
import { loadOrtNative } from './ort-native.ts';

describeInferenceRuntime('ort-native', loadOrtNative);

const EP = 'CPUExecutionProvider';

describe('ort-native', () => {
  it('ends a run in the middle when its signal aborts, and lives on', async () => {
    const runtime = await loadOrtNative();
    const session = await runtime.createSession({ model: { bytes: encodeModel(longModel(400)) }, ep: EP, settings: { intraOpThreads: 1 } });
    const feeds = { x: { dtype: 'float32' as const, dims: [512, 512], data: new Float32Array(512 * 512) } };
    const controller = new AbortController();
    const running = session.run(feeds, controller.signal);
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(running).rejects.toThrow('enough');
    await expect(session.run(feeds, AbortSignal.abort(new Error('never begun')))).rejects.toThrow('never begun');
    await session.close();
  });

  it('tells which provider took which node', async () => {
    const runtime = await loadOrtNative();
    const session = await runtime.createSession({ model: { bytes: encodeModel(linearModel()) }, ep: EP });
    expect(session.assignment()).toContainEqual({ node: 'multiply', opType: 'MatMul', ep: EP });
    await session.close();
  });

  it('gives every output of a timed loop the memory of the first run, and the same numbers', async () => {
    const runtime = await loadOrtNative();
    const session = await runtime.createSession({ model: { bytes: encodeModel(linearModel()) }, ep: EP });
    const feeds = { x: { dtype: 'float32' as const, dims: [1, 2], data: Float32Array.of(3, 1) } };
    await session.timeRuns(feeds, { minRuns: 1_000, minMs: 0, maxMs: 60_000 });
    expect((await session.run(feeds))['y']?.data).toEqual(Float32Array.of(3, 1, 2));
    await session.close();
    await expect(session.run(feeds)).rejects.toMatchObject({ code: 'inference-failed' });
  });

  it('says why a file is no ONNX Runtime', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grove-no-runtime-'));
    await expect(loadOrtNative({ libraryPath: join(folder, 'absent.so') })).rejects.toMatchObject({ code: 'ep-unavailable' });
    await rm(folder, { recursive: true });
  });
});
