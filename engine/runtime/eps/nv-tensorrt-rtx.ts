import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const NV_TENSORRT_RTX: EpDefinition = {
  ...PLAIN,
  name: 'NvTensorRTRTXExecutionProvider',
  id: 'tensorrt-rtx',
  title: 'NVIDIA TensorRT for RTX',
  classes: ['gpu'],
  compiled: { kind: 'named', name: 'NvTensorRtRtx' },
  pluginFile: /^(?:lib)?onnxruntime_providers_nv_tensorrt_rtx(?:_plugin)?\.(?:so|dll)$/,
  options: {
    device_id: { type: 'integer', meaning: 'GPU by its number; belongs to the machine.' },
    nv_profile_min_shapes: { type: 'text', meaning: 'Least shapes: `x:1x128`.' },
    nv_profile_opt_shapes: { type: 'text', meaning: 'Shapes to optimise for.' },
    nv_profile_max_shapes: { type: 'text', meaning: 'Greatest shapes.' },
    nv_max_workspace_size: { type: 'integer', meaning: 'Bytes of scratch memory.' },
    nv_cuda_graph_enable: { type: 'boolean', meaning: 'Replays the kernels as one CUDA graph.' },
    nv_runtime_cache_path: { type: 'path', meaning: 'Folder for kernels compiled on first use.' },
  },
  vendorId: '10de',
  takes: 'NVIDIA RTX GPUs (Ampere or later) only',
  needs: { staticShapes: false, qdq: false, contextCache: true },
  fallback: 'What it leaves runs on the CPU provider. Kernels are compiled when the session is made: cold and warm creation differ.',
  install: {
    linux: '`grove ep add onnxruntime_ep_nv_tensorrt_rtx_cu13-VERSION.whl` (or `-cu12`) and an NVIDIA driver.',
    windows: 'The same wheel for Windows; or `grove ep add winml:NvTensorRtRtx`.',
  },
  proof:
    'Not run on silicon. Package 0.5.0 for CUDA 13 on x86 Linux without a GPU is added and refused as `unsupported`: first libcudart.so.13 is missing, and with that on LD_LIBRARY_PATH libcuda.so.1, which the driver brings.',
};
