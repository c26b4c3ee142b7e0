import { describe, expect, it } from 'vitest';
import { describeInferenceRuntime } from './inference-runtime.cases.ts';
import { loadOrtNode } from './ort-node.ts';
import { ORT_NODE_PROVIDERS, ortNodeReach } from './ort-node-providers.ts';

describeInferenceRuntime('ort-node', loadOrtNode);

describe('the providers of onnxruntime-node', () => {
  it('has a reason for every provider without a backend and a platform for every other', () => {
    for (const provider of Object.values(ORT_NODE_PROVIDERS)) {
      expect(provider.backend === undefined ? provider.why : provider.platforms).not.toHaveLength(0);
    }
  });

  it('knows DirectML only on Windows and WebGPU not on Linux arm64', () => {
    expect(ortNodeReach('DmlExecutionProvider', 'win32-arm64')).toMatchObject({ reachable: true });
    expect(ortNodeReach('DmlExecutionProvider', 'linux-x64')).toMatchObject({
      reachable: false,
      why: expect.stringContaining('win32-x64'),
    });
    expect(ortNodeReach('WebGpuExecutionProvider', 'linux-arm64')).toMatchObject({ reachable: false });
    expect(ortNodeReach('CPUExecutionProvider', 'darwin-x64')).toMatchObject({ reachable: false });
  });

  it('agrees with the binary of this platform', async () => {
    const { listSupportedBackends } = await import('onnxruntime-node');
    const compiledIn = listSupportedBackends().map((backend) => backend.name);
    const platform = `${process.platform}-${process.arch}`;
    const listed = Object.values(ORT_NODE_PROVIDERS).flatMap(({ backend, platforms }) =>
      backend && platforms.includes(platform) ? [backend] : [],
    );
    expect(listed.sort()).toEqual(compiledIn.sort());
  });
});
