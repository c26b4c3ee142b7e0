import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatsFromHalves, halvesFromFloats } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { encodeModel, writeModelFile } from '../onnx/write.ts';
import { EXECUTION_PROVIDERS } from './execution-providers.ts';
import type { InferenceRuntime, Session, SessionSettings } from './inference-runtime.ts';
import { halfModel, identityModel, linearModel } from './small-models.cases.ts';
import type { NamedTensors, TensorOf } from './tensor.ts';

const EP = 'CPUExecutionProvider';

/** What every adapter of {@link InferenceRuntime} must do, on the CPU provider that all of them have. */
export function describeInferenceRuntime(name: string, load: () => Promise<InferenceRuntime>): void {
  describe(`${name} as an inference runtime`, () => {
    let runtime: InferenceRuntime;
    let folder: string;
    beforeAll(async () => {
      runtime = await load();
      folder = await mkdtemp(join(tmpdir(), 'grove-runtime-'));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true });
    });

    const open = (model: Model, settings: SessionSettings = {}): Promise<Session> =>
      runtime.createSession({ model: { bytes: encodeModel(model) }, ep: EP, settings });
    const pairs = (values: readonly number[]): TensorOf<'float32'> => ({
      dtype: 'float32',
      dims: [values.length / 2, 2],
      data: Float32Array.from(values),
    });

    it('names its version, its library and every execution provider', async () => {
      const info = await runtime.info();
      expect(info.ortVersion).toMatch(/^1\.\d+\.\d+/);
      expect(info.libraryDigest).toMatch(/^[0-9a-f]{64}$/);
      expect([...info.eps.keys()].sort()).toEqual([...EXECUTION_PROVIDERS].sort());
      expect(info.eps.get(EP)).toMatchObject({ reachable: true });
    });

    it('reports names, types and dimensions, symbolic ones by name', async () => {
      const session = await open(linearModel());
      expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', dims: ['batch', 2] }]);
      expect(session.outputs).toEqual([{ name: 'y', dtype: 'float32', dims: ['batch', 3] }]);
      await session.close();
    });

    it('computes', async () => {
      const session = await open(linearModel());
      const { y } = await session.run({ x: pairs([1, 2, 3, -4]) });
      expect(y).toEqual({ dtype: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 0, 3, 0, 7) });
      await session.close();
    });

    it('counts runs with several in flight until the window ends', async () => {
      const session = await open(linearModel());
      const window = { minRuns: 200, minMs: 5, maxMs: 5_000 };
      const { streams, runs, durationMs } = await session.countRuns({ x: pairs([1, 2]) }, { streams: 2, window });
      expect([1, 2]).toContain(streams);
      expect(runs).toBeGreaterThanOrEqual(200);
      expect(durationMs).toBeGreaterThanOrEqual(5);
      await expect(session.countRuns({}, { streams: 2, window })).rejects.toMatchObject({ code: 'inference-failed' });
      await session.close();
    });

    it('passes float16 as bits', async () => {
      const session = await open(halfModel());
      const { y } = await session.run({ x: { dtype: 'float16', dims: [2], data: halvesFromFloats(Float32Array.of(0.5, -3)) } });
      expect(y?.dtype).toBe('float16');
      expect(y?.dtype === 'float16' && floatsFromHalves(y.data)).toEqual(Float32Array.of(1.5, -2));
      await session.close();
    });

    it('carries integers beyond 2^53, booleans and strings unchanged', async () => {
      const session = await open(identityModel());
      const feeds: NamedTensors = {
        i64: { dtype: 'int64', dims: [2], data: BigInt64Array.of(2n ** 62n + 1n, -1n) },
        bool: { dtype: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
        i32: { dtype: 'int32', dims: [2], data: Int32Array.of(-7, 7) },
        text: { dtype: 'string', dims: [2], data: ['é', ''] },
      };
      const outputs = await session.run(feeds);
      expect(outputs).toEqual(Object.fromEntries(Object.entries(feeds).map(([input, tensor]) => [`${input}_out`, tensor])));
      await session.close();
    });

    it('finds external data beside the model file', async () => {
      const { modelPath, dataPath } = await writeModelFile(linearModel(), join(folder, 'linear.onnx'), {
        saveAsExternalData: true,
        sizeThresholdBytes: 0,
      });
      expect(dataPath).toBeDefined();
      const session = await runtime.createSession({ model: { path: modelPath }, ep: EP });
      expect((await session.run({ x: pairs([1, 1]) }))['y']?.data).toEqual(Float32Array.of(1, 1, 0));
      await session.close();
    });

    it('honours threads, optimisation level and free configuration', async () => {
      const settings: SessionSettings = {
        intraOpThreads: 1,
        interOpThreads: 1,
        executionMode: 'sequential',
        optimizationLevel: 'disabled',
        config: { 'session.intra_op.allow_spinning': '0' },
        optimizedModelPath: join(folder, 'optimized.onnx'),
      };
      const session = await open(linearModel(), settings);
      await session.close();
      expect((await readFile(join(folder, 'optimized.onnx'))).length).toBeGreaterThan(0);
    });

    it('times every run of a window that ends by count and time', async () => {
      const session = await open(linearModel());
      const counted = await session.timeRuns({ x: pairs([1, 2]) }, { minRuns: 25, minMs: 0, maxMs: 60_000 });
      expect(counted.length).toBe(25);
      expect(counted.every((ms) => ms > 0)).toBe(true);
      const capped = await session.timeRuns({ x: pairs([1, 2]) }, { minRuns: Number.MAX_SAFE_INTEGER, minMs: 0, maxMs: 20 });
      expect(capped.length).toBeGreaterThan(0);
      await session.close();
    });

    it('writes a profile that tells the provider of every node', async () => {
      const profileFolder = await mkdtemp(join(folder, 'profile-'));
      const session = await open(linearModel(), { profileFolder });
      await session.run({ x: pairs([1, 2]) });
      const path = await session.finishProfile();
      await session.close();
      const events: { cat: string; args?: { provider?: string; op_name?: string } }[] = JSON.parse(await readFile(path ?? '', 'utf8'));
      const nodes = events.filter((event) => event.cat === 'Node' && event.args?.provider === EP);
      expect(nodes.map((event) => event.args?.op_name)).toContain('MatMul');
    });

    it('refuses bytes that are no model', async () => {
      const creation = runtime.createSession({ model: { bytes: Uint8Array.of(1, 2, 3, 4) }, ep: EP });
      await expect(creation).rejects.toMatchObject({ code: 'invalid-onnx' });
    });

    it('refuses a provider it cannot reach and an option it would drop', async () => {
      const bytes = encodeModel(linearModel());
      const unreachable = [...(await runtime.info()).eps].find(([, reach]) => !reach.reachable)?.[0] ?? EP;
      await expect(runtime.createSession({ model: { bytes }, ep: unreachable })).rejects.toMatchObject({ code: 'ep-unavailable' });
      const withOption = runtime.createSession({ model: { bytes }, ep: EP, epOptions: { no_such_option: '1' } });
      await expect(withOption).rejects.toMatchObject({ code: 'ep-option' });
    });

    it('says what is wrong with a feed and lives on', async () => {
      const session = await open(linearModel());
      const wrongShape: NamedTensors = { x: { dtype: 'float32', dims: [1, 3], data: new Float32Array(3) } };
      await expect(session.run(wrongShape)).rejects.toMatchObject({ code: 'inference-failed' });
      await expect(session.timeRuns({}, { minRuns: 1, minMs: 0, maxMs: 1 })).rejects.toMatchObject({ code: 'inference-failed' });
      expect((await session.run({ x: pairs([1, 2]) }))['y']?.dims).toEqual([1, 3]);
      await session.close();
      await session.close();
    });
  });
}
