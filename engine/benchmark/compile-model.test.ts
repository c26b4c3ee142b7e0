import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeModel } from '../onnx/write.ts';
import { loadRuntime } from '../runtime/load-runtime.ts';
import { linearModel } from '../runtime/small-models.cases.ts';
import { type CompileRequest, compileModel } from './compile-model.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-compile-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function requestFor(config: Readonly<Record<string, string>> = {}): Promise<CompileRequest> {
  const modelPath = join(folder, 'model.onnx');
  await writeFile(modelPath, encodeModel(linearModel()));
  const session = { modelPath, ep: 'CPUExecutionProvider' as const, epOptions: {}, settings: { config } };
  return { session, embedContext: false, epVersion: '1.30.0', outPath: join(folder, 'compiled', 'model.onnx') };
}

it('says that a provider which keeps nothing of what it compiles wrote no model', async () => {
  await expect(compileModel(await requestFor(), await loadRuntime())).rejects.toMatchObject({
    code: 'no-ep-context',
    message: expect.stringContaining('it wrote no model'),
  });
});

it("passes the provider's own words on", async () => {
  const request = await requestFor();
  const words = {
    ...request,
    session: { ...request.session, settings: { config: { 'session.intra_op_thread_affinities': 'nonsense' }, intraOpThreads: 3 } },
  };
  await expect(compileModel(words, await loadRuntime())).rejects.toMatchObject({
    code: 'no-ep-context',
    message: expect.stringContaining('nonsense'),
  });
});
