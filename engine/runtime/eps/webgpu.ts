import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const WEBGPU: EpDefinition = {
  ...PLAIN,
  name: 'WebGpuExecutionProvider',
  id: 'webgpu',
  title: 'WebGPU (Dawn)',
  classes: ['gpu'],
  compiled: { kind: 'named', name: 'WebGPU' },
  pluginFile: /^(?:lib)?onnxruntime_providers_webgpu\.(?:so|dll|dylib)$/,
  options: {
    preferredLayout: { type: 'text', values: ['NHWC', 'NCHW'], meaning: 'Layout of convolutions.' },
    powerPreference: { type: 'text', values: ['high-performance', 'low-power'], meaning: 'Which adapter to prefer.' },
    dawnBackendType: { type: 'text', values: ['Vulkan', 'D3D12'], meaning: 'Graphics interface below.' },
    validationMode: { type: 'text', values: ['disabled', 'wgpuOnly', 'basic', 'full'], meaning: 'How much is checked; costs time.' },
    enableGraphCapture: { type: 'boolean', meaning: 'Replays the commands of the first run; needs every node on WebGPU and fixed shapes.' },
    storageBufferCacheMode: { type: 'text', values: ['disabled', 'lazyRelease', 'simple', 'bucket'], meaning: 'Reuse of buffers.' },
  },
  takes: 'Vulkan, Direct3D 12 or Metal adapters',
  fallback: 'Nodes it lacks run on the CPU provider; shape arithmetic always does (`partial`).',
  install: {
    linux:
      "Nothing but a Vulkan loader (Debian: libvulkan1) and a driver. Without a GPU SwiftShader does, shown as `emulated`: Debian's chromium-common has it (`VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json LD_LIBRARY_PATH=/usr/lib/chromium` in the agent's environment).",
    windows: 'Nothing to install: the library that ships has it, over Direct3D 12.',
  },
  proof: 'Runs in CI on SwiftShader, shown as `emulated`. GPUs: not run on silicon.',
};
