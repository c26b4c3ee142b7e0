import { EXECUTION_PROVIDERS, type ExecutionProvider } from './execution-providers.ts';
import type { EpReach } from './inference-runtime.ts';

/** `process.platform` and `process.arch` joined: `linux-x64`. */
export type PlatformKey = string;

/** How onnxruntime-node reaches a provider, or why it never can. */
export interface OrtNodeProvider {
  /** Name its binding takes; undefined when the binding has none. */
  readonly backend: string | undefined;
  /** Platforms whose binary in the package accepts that name. */
  readonly platforms: readonly PlatformKey[];
  /** What must be on the machine besides the package. */
  readonly requires: string | undefined;
  /** Options the binding reads, by the provider's own name, with the binding's name and type. Others it would drop silently. */
  readonly options: Readonly<Record<string, { readonly key: string; readonly type: 'integer' | 'string' | 'boolean' }>>;
  /** Why the binding lacks it, for providers without a backend. */
  readonly why: string;
}

const ALL = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];
const NO_PLUGINS = 'onnxruntime-node has no call to register a plug-in execution provider';
const deviceId = { device_id: { key: 'deviceId', type: 'integer' } } as const;

/**
 * What onnxruntime-node 1.30 can reach, read from its binaries: `listSupportedBackends()` tells what was compiled in, not what works. The Linux
 * arm64 and macOS x64 rows differ from the package's own table, which promises more than the binaries hold.
 */
export const ORT_NODE_PROVIDERS: Readonly<Record<ExecutionProvider, OrtNodeProvider>> = {
  CPUExecutionProvider: { backend: 'cpu', platforms: ALL, requires: undefined, options: {}, why: '' },
  CUDAExecutionProvider: {
    backend: 'cuda',
    platforms: ['linux-x64'],
    requires: 'an NVIDIA driver, CUDA 12 and libonnxruntime_providers_cuda.so beside the runtime library',
    options: deviceId,
    why: '',
  },
  TensorrtExecutionProvider: {
    backend: 'tensorrt',
    platforms: ['linux-x64'],
    requires: 'an NVIDIA driver, TensorRT and libonnxruntime_providers_tensorrt.so beside the runtime library',
    options: deviceId,
    why: '',
  },
  DmlExecutionProvider: {
    backend: 'dml',
    platforms: ['win32-x64', 'win32-arm64'],
    requires: 'a DirectX 12 device',
    options: deviceId,
    why: '',
  },
  WebGpuExecutionProvider: {
    backend: 'webgpu',
    platforms: ['linux-x64', 'win32-x64', 'win32-arm64', 'darwin-arm64'],
    requires: 'a Vulkan, Direct3D 12 or Metal adapter',
    options: {
      preferredLayout: { key: 'preferredLayout', type: 'string' },
      validationMode: { key: 'validationMode', type: 'string' },
      storageBufferCacheMode: { key: 'storageBufferCacheMode', type: 'string' },
      uniformBufferCacheMode: { key: 'uniformBufferCacheMode', type: 'string' },
      enableRobustness: { key: 'enableRobustness', type: 'boolean' },
    },
    why: '',
  },
  CoreMLExecutionProvider: {
    backend: 'coreml',
    platforms: ['darwin-arm64'],
    requires: undefined,
    options: { coreml_flags: { key: 'coreMlFlags', type: 'integer' } },
    why: '',
  },
  NvTensorRTRTXExecutionProvider: unreachable(NO_PLUGINS),
  QNNExecutionProvider: unreachable(NO_PLUGINS),
  OpenVINOExecutionProvider: unreachable(NO_PLUGINS),
  VitisAIExecutionProvider: unreachable('onnxruntime-node is not built with it'),
  MIGraphXExecutionProvider: unreachable('onnxruntime-node is not built with it'),
  ROCMExecutionProvider: unreachable('onnxruntime-node is not built with it'),
};

function unreachable(why: string): OrtNodeProvider {
  return { backend: undefined, platforms: [], requires: undefined, options: {}, why };
}

/** Whether onnxruntime-node's binary for this platform takes the provider at all. */
export function ortNodeReach(ep: ExecutionProvider, platform: PlatformKey): EpReach {
  const provider = ORT_NODE_PROVIDERS[ep];
  if (provider.backend === undefined) return { reachable: false, why: provider.why };
  if (provider.platforms.includes(platform)) return { reachable: true, requires: provider.requires };
  return { reachable: false, why: `onnxruntime-node has it only on ${provider.platforms.join(', ')}, not on ${platform}` };
}

/** {@link ortNodeReach} of every provider. */
export function ortNodeReaches(platform: PlatformKey): ReadonlyMap<ExecutionProvider, EpReach> {
  return new Map(EXECUTION_PROVIDERS.map((ep) => [ep, ortNodeReach(ep, platform)]));
}
