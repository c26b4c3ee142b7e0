import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const CUDA: EpDefinition = {
  ...PLAIN,
  name: 'CUDAExecutionProvider',
  id: 'cuda',
  title: 'NVIDIA CUDA',
  classes: ['gpu'],
  compiled: { kind: 'cuda' },
  pluginFile: /^(?:lib)?onnxruntime_providers_cuda_plugin\.(?:so|dll)$/,
  buildFile: /^(?:lib)?onnxruntime_providers_cuda\.(?:so|dll)$/,
  options: {
    device_id: { type: 'integer', meaning: 'GPU by its number; belongs to the machine.' },
    gpu_mem_limit: { type: 'integer', meaning: 'Bytes the arena may take.' },
    arena_extend_strategy: { type: 'text', values: ['kNextPowerOfTwo', 'kSameAsRequested'], meaning: 'How the arena grows.' },
    cudnn_conv_algo_search: { type: 'text', values: ['EXHAUSTIVE', 'HEURISTIC', 'DEFAULT'], meaning: 'How a convolution is chosen.' },
    enable_cuda_graph: { type: 'boolean', meaning: 'Replays the kernels as one CUDA graph; shapes must not change.' },
    use_tf32: { type: 'boolean', meaning: 'Multiplies float32 with shortened mantissas: on by default, and it changes numbers.' },
    prefer_nhwc: { type: 'boolean', meaning: 'Layout of convolutions.' },
  },
  vendorId: '10de',
  takes: 'NVIDIA GPUs only',
  fallback: 'Nodes it lacks run on the CPU provider, each with copies to and from the GPU.',
  install: {
    linux:
      'An NVIDIA driver, the CUDA that the build asks for (12 for the library that ships, 13 for onnxruntime_gpu 1.31) with cuDNN 9, and `libonnxruntime_providers_cuda.so` with `libonnxruntime_providers_shared.so` of the same ONNX Runtime beside the library; or `grove ep add onnxruntime_gpu-VERSION.whl` (a build).',
    windows: '`grove ep add onnxruntime_gpu-VERSION.whl` with CUDA and cuDNN on the PATH.',
  },
  proof:
    'Not run on silicon. onnxruntime_gpu 1.31.1 on x86 Linux without a GPU is added and refused as `unsupported`: libcublasLt.so.13 is missing.',
};
