import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertSameCompiler, compileOptions } from './compile.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-compiler-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const EP = 'QNNExecutionProvider';
const profile = { eps: [{ name: EP, version: '2.7.0', libraryDigest: 'a'.repeat(64) }] };

describe('a model that came compiled', () => {
  const check = async (attributes: object) => {
    await writeFile(join(folder, 'model_config.json'), JSON.stringify({ type: 'onnxmodel', config: { model_attributes: attributes } }));
    await assertSameCompiler(folder, EP, profile);
  };

  it('runs on the version that compiled it', async () => {
    await check({ ep: EP, ep_version: '2.7.0', sdk_version: 'v2.51.0' });
  });

  it.each([
    ['another version', { ep: EP, ep_version: '2.6.0', sdk_version: 'v2.49.0' }, 'QNNExecutionProvider 2.6.0, SDK v2.49.0'],
    ['another provider', { ep: 'VitisAIExecutionProvider', ep_version: '2.7.0' }, 'VitisAIExecutionProvider 2.7.0'],
  ])('is refused when %s did, and both are named', async (_, attributes, words) => {
    const error = await check(attributes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ep-bound-artifact', message: expect.stringContaining(words) });
    expect(error).toMatchObject({ message: expect.stringContaining(`${EP} 2.7.0`) });
  });

  it('is left to the provider when it does not say, and so is a model without a description or with a damaged one', async () => {
    await check({ ep: 'OpenVINOExecutionProvider' });
    await check({});
    await writeFile(join(folder, 'model_config.json'), '{');
    await assertSameCompiler(folder, EP, profile);
    await rm(join(folder, 'model_config.json'));
    await assertSameCompiler(folder, EP, profile);
  });
});

it("never takes a recipe's path for a file of the machine's own package", () => {
  const plan = { embedContext: false, providerOptions: { backend_path: '/tmp/evil.so', soc_model: '60' }, sessionConfig: {} };
  expect(compileOptions(plan, EP)).toEqual({ soc_model: '60' });
});
