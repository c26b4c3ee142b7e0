import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const QNN: EpDefinition = {
  ...PLAIN,
  name: 'QNNExecutionProvider',
  id: 'qnn',
  title: 'Qualcomm QNN',
  classes: ['npu'],
  compiled: { kind: 'named', name: 'QNN' },
  pluginFile: /^(?:lib)?onnxruntime_providers_qnn\.(?:so|dll)$/,
  options: {
    backend_path: { type: 'path', meaning: "QNN's backend library; the package's own HTP backend unless set. Excludes `backend_type`." },
    backend_type: { type: 'text', values: ['htp', 'gpu', 'cpu'], meaning: 'Backend by its kind.' },
    htp_performance_mode: {
      type: 'text',
      values: [
        'burst',
        'balanced',
        'default',
        'high_performance',
        'high_power_saver',
        'low_balanced',
        'extreme_power_saver',
        'low_power_saver',
        'power_saver',
        'sustained_high_performance',
      ],
      meaning: 'Clock and power policy of the HTP.',
    },
    htp_graph_finalization_optimization_mode: {
      type: 'text',
      values: ['0', '1', '2', '3'],
      meaning: 'Effort when the graph is compiled; 3 is the slowest to compile and usually the fastest to run.',
    },
    htp_arch: { type: 'text', values: ['0', '68', '69', '73', '75', '81'], meaning: 'Architecture to compile for.' },
    soc_model: { type: 'integer', meaning: 'SoC to compile for; more reliable than `htp_arch`.' },
    vtcm_mb: { type: 'integer', meaning: 'Megabytes of on-chip memory to use.' },
    enable_htp_fp16_precision: { type: 'boolean', meaning: 'Runs float32 nodes in float16: on by default, and it changes numbers.' },
    offload_graph_io_quantization: {
      type: 'boolean',
      meaning: 'Leaves Quantize and Dequantize of graph inputs and outputs to the CPU: on by default, and why a result is `partial`.',
    },
    profiling_level: { type: 'text', values: ['off', 'basic', 'detailed', 'optrace'], meaning: "QNN's own profiling." },
    profiling_file_path: { type: 'path', meaning: 'Where that profile goes.' },
    rpc_control_latency: { type: 'integer', meaning: 'Microseconds the RPC thread may poll.' },
  },
  packageOptions: { backend_path: /^(?:lib)?QnnHtp\.(?:so|dll)$/ },
  benchmarkDefaults: { htp_performance_mode: 'burst' },
  takes: 'Snapdragon NPUs, or an x86 CPU for its emulator',
  needs: { staticShapes: true, qdq: true, contextCache: true },
  emulator: { arch: 'x64', class: 'npu', model: 'Qualcomm HTP emulator (x86)' },
  fallback:
    'A session may succeed with every node on the CPU provider, so placement is always read. Graph inputs and outputs are quantised on the CPU by default (`partial`).',
  install: {
    linux:
      '`grove ep add onnxruntime_qnn-VERSION.whl` (2.4.0 or later; glibc 2.35 or later). On x86 its HTP backend is an emulator: operators, placement and accuracy are real, latency is not.',
    windows: 'Snapdragon: `grove ep add onnxruntime_qnn-VERSION.whl`, or `grove ep add winml:QNN`.',
  },
  proof:
    'Runs in CI on the x86 HTP emulator, shown as `emulated` and never ranked; compiles for it too (EPContextBinaryGenerator), and runs what it compiled. Snapdragon: not run on silicon.',
};
