import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const OPENVINO: EpDefinition = {
  ...PLAIN,
  name: 'OpenVINOExecutionProvider',
  id: 'openvino',
  title: 'Intel OpenVINO',
  classes: ['npu', 'gpu', 'cpu'],
  compiled: { kind: 'named', name: 'OpenVINO' },
  pluginFile: /^(?:lib)?onnxruntime_providers_openvino_plugin\.(?:so|dll)$/,
  buildFile: /^(?:lib)?onnxruntime_providers_openvino\.(?:so|dll)$/,
  options: {
    device_type: {
      type: 'text',
      values: ['CPU', 'GPU', 'NPU'],
      meaning:
        'Device of a build that has OpenVINO compiled in; the plug-in takes the device itself. AUTO and HETERO hide which device ran and are refused.',
    },
    precision: { type: 'text', values: ['FP32', 'FP16', 'ACCURACY'], meaning: 'Precision of inference.' },
    num_of_threads: { type: 'integer', meaning: 'Threads of the CPU device.' },
    num_streams: { type: 'integer', meaning: 'Inferences in parallel; 1 for latency.' },
    cache_dir: { type: 'path', meaning: 'Folder for compiled models.' },
    load_config: { type: 'path', meaning: 'OpenVINO properties as JSON, by device.' },
    reshape_input: { type: 'text', meaning: 'Fixes or bounds input shapes: `x[1,128]`.' },
    enable_qdq_optimizer: { type: 'boolean', meaning: 'Strips Q/DQ pairs that the NPU does not need.' },
    model_priority: { type: 'text', values: ['LOW', 'MEDIUM', 'HIGH', 'DEFAULT'], meaning: 'Priority among the models on the device.' },
  },
  classOption: { name: 'device_type', values: { cpu: 'CPU', gpu: 'GPU', npu: 'NPU' } },
  vendorId: '8086',
  takes: 'Intel devices only',
  needs: { staticShapes: true, qdq: false, contextCache: true },
  fallback:
    'Subgraphs it takes become one node of its own in the profile; what it leaves stays on the CPU provider under its own name. The NPU needs fixed shapes; CPU and GPU do not.',
  install: {
    linux:
      "`grove ep add onnxruntime_ep_openvino-VERSION.whl` (plug-in), or `grove ep add onnxruntime_openvino-VERSION.whl` (a build of ONNX Runtime with OpenVINO, which also runs on CPUs that are not Intel's, but reads no model in OpenVINO's own form: what OpenVINOEncapsulation makes needs the plug-in). The NPU needs kernel 6.6 or later (intel_vpu), firmware and `intel-level-zero-npu`; the agent's user must be in the group `render`.",
    windows: '`grove ep add onnxruntime_ep_openvino-VERSION.whl` and the Intel NPU driver; or `grove ep add winml:OpenVINO`.',
  },
  proof:
    'Its CPU device runs in CI through the other build on any x86 machine, and through the plug-in on an Intel CPU. GPU and NPU: not run on silicon.',
};
