/** ONNX Runtime's execution providers, by the full names that recipes and `session.get_providers()` use. */
export const EXECUTION_PROVIDERS = [
  'CPUExecutionProvider',
  'CUDAExecutionProvider',
  'TensorrtExecutionProvider',
  'NvTensorRTRTXExecutionProvider',
  'DmlExecutionProvider',
  'QNNExecutionProvider',
  'OpenVINOExecutionProvider',
  'VitisAIExecutionProvider',
  'WebGpuExecutionProvider',
  'CoreMLExecutionProvider',
  'MIGraphXExecutionProvider',
  'ROCMExecutionProvider',
] as const;

export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

/** Whether a name is an execution provider Grove knows. Names are case-sensitive, as in ONNX Runtime. */
export function isExecutionProvider(name: string): name is ExecutionProvider {
  return EXECUTION_PROVIDERS.some((provider) => provider === name);
}
