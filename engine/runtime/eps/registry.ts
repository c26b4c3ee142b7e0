import type { ExecutionProvider } from '../execution-providers.ts';
import { MIGRAPHX, ROCM } from './amd-gpu.ts';
import { COREML } from './coreml.ts';
import { CPU } from './cpu.ts';
import { CUDA } from './cuda.ts';
import { DML } from './dml.ts';
import type { EpDefinition } from './ep-definition.ts';
import { NV_TENSORRT_RTX } from './nv-tensorrt-rtx.ts';
import { OPENVINO } from './openvino.ts';
import { QNN } from './qnn.ts';
import { TENSORRT } from './tensorrt.ts';
import { VITISAI } from './vitisai.ts';
import { WEBGPU } from './webgpu.ts';

/** Every provider Grove knows, in the order of the documentation. */
export const EP_DEFINITIONS: Readonly<Record<ExecutionProvider, EpDefinition>> = {
  CPUExecutionProvider: CPU,
  OpenVINOExecutionProvider: OPENVINO,
  QNNExecutionProvider: QNN,
  VitisAIExecutionProvider: VITISAI,
  NvTensorRTRTXExecutionProvider: NV_TENSORRT_RTX,
  TensorrtExecutionProvider: TENSORRT,
  CUDAExecutionProvider: CUDA,
  DmlExecutionProvider: DML,
  WebGpuExecutionProvider: WEBGPU,
  CoreMLExecutionProvider: COREML,
  MIGraphXExecutionProvider: MIGRAPHX,
  ROCMExecutionProvider: ROCM,
};
