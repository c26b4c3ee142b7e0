import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const TENSORRT: EpDefinition = {
  ...PLAIN,
  name: 'TensorrtExecutionProvider',
  id: 'tensorrt',
  title: 'NVIDIA TensorRT',
  classes: ['gpu'],
  compiled: { kind: 'tensorrt' },
  buildFile: /^(?:lib)?onnxruntime_providers_tensorrt\.(?:so|dll)$/,
  options: {
    device_id: { type: 'integer', meaning: 'GPU by its number; belongs to the machine.' },
    trt_fp16_enable: { type: 'boolean', meaning: 'Lets TensorRT choose float16.' },
    trt_int8_enable: { type: 'boolean', meaning: 'Lets TensorRT choose int8.' },
    trt_engine_cache_enable: { type: 'boolean', meaning: 'Keeps built engines.' },
    trt_engine_cache_path: { type: 'path', meaning: 'Folder for them.' },
    trt_timing_cache_enable: { type: 'boolean', meaning: 'Keeps timings of tactics, so that a second build chooses alike.' },
    trt_max_workspace_size: { type: 'integer', meaning: 'Bytes of scratch memory.' },
    trt_builder_optimization_level: { type: 'text', values: ['0', '1', '2', '3', '4', '5'], meaning: 'Effort when an engine is built.' },
    trt_cuda_graph_enable: { type: 'boolean', meaning: 'Replays the kernels as one CUDA graph.' },
  },
  vendorId: '10de',
  takes: 'NVIDIA GPUs only',
  needs: { staticShapes: false, qdq: false, contextCache: true },
  fallback: 'Subgraphs it takes are one node in the profile; the rest runs on the CPU provider.',
  install: {
    linux:
      'An NVIDIA driver, CUDA, TensorRT, and `libonnxruntime_providers_tensorrt.so` with `libonnxruntime_providers_shared.so` of the same ONNX Runtime beside the library; or `grove ep add onnxruntime_gpu-VERSION.whl` (a build).',
    windows: '`grove ep add onnxruntime_gpu-VERSION.whl` with CUDA and TensorRT on the PATH.',
  },
  proof:
    'Not run on silicon. onnxruntime_gpu 1.31.1 on x86 Linux without a GPU is added and refused as `unsupported`: libcublas.so.13 is missing.',
};
