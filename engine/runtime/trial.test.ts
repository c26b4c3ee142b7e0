import { describe, expect, it } from 'vitest';
import { EXECUTION_PROVIDERS, type ExecutionProvider } from './execution-providers.ts';
import { bundledLibraryPath } from './ort-library.ts';
import { tryProvider } from './trial.ts';

const onLinux = process.platform === 'linux' && process.arch === 'x64' ? describe : undefined;

onLinux?.('a trial of a provider whose hardware or library is missing', () => {
  const reasons: Readonly<Partial<Record<ExecutionProvider, RegExp>>> = {
    CUDAExecutionProvider: /Failed to load shared library/,
    TensorrtExecutionProvider: /Failed to load shared library/,
    DmlExecutionProvider: /built without it and no package/,
    CoreMLExecutionProvider: /built without it and no package/,
    VitisAIExecutionProvider: /built without it and no package/,
    NvTensorRTRTXExecutionProvider: /built without it and no package/,
  };
  for (const ep of EXECUTION_PROVIDERS.filter((name) => reasons[name] !== undefined))
    it(`says why there is no ${ep}`, async () => {
      const { why } = await tryProvider({ ep, runtime: { adapter: 'ort-native' }, epOptions: {} });
      expect(why).toMatch(reasons[ep] ?? /never/);
    });

  it('says that a plug-in cannot be loaded, and that a library is no plug-in', async () => {
    const tryPlugin = (ep: ExecutionProvider, path: string) =>
      tryProvider({ ep, runtime: { adapter: 'ort-native', plugins: { [ep]: path } }, epOptions: {} });
    expect((await tryPlugin('VitisAIExecutionProvider', '/nowhere/plugin.so')).why).toMatch(/Failed to load library \/nowhere\/plugin\.so/);
    expect((await tryPlugin('NvTensorRTRTXExecutionProvider', bundledLibraryPath())).why).toMatch(/CreateEpFactories/);
  });
});
