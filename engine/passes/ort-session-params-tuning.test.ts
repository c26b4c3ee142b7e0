import { describe, expect, it } from 'vitest';
import { ortSessionParamsTuning } from './ort-session-params-tuning.ts';
import type { InferenceSettings } from './pass.ts';

const target = { ep: 'NvTensorRTRTXExecutionProvider', physicalCores: 6 };

function decide(params: object, at = target): InferenceSettings {
  return ortSessionParamsTuning.decide(ortSessionParamsTuning.manifest.params.parse(params), at).inferenceSettings;
}

describe('OrtSessionParamsTuning', () => {
  it('writes what Olive writes, with the threads of this machine', () => {
    expect(decide({ io_bind: false, data_config: 'xnli' })).toEqual({
      execution_provider: ['NvTensorRTRTXExecutionProvider'],
      provider_options: [{}],
      io_bind: false,
      tuning_op_result: null,
      session_options: { execution_mode: null, graph_optimization_level: null, inter_op_num_threads: 6, intra_op_num_threads: 6 },
    });
  });

  it('sets only intra-op threads for sequential execution', () => {
    expect(decide({ execution_mode_list: [0], cpu_cores: 3 }).session_options).toMatchObject({
      inter_op_num_threads: null,
      intra_op_num_threads: 3,
    });
  });

  it('takes the first of each list, and thread counts from affinities', () => {
    const extra = { 'session.intra_op_thread_affinities': '1,2;3,4;5,6' };
    const settings = decide({
      execution_mode_list: 1,
      opt_level_list: [99, 1],
      inter_thread_num_list: [2, 4],
      intra_thread_num_list: [8],
      extra_session_config: extra,
    });
    expect(settings.session_options).toEqual({
      execution_mode: 1,
      graph_optimization_level: 99,
      inter_op_num_threads: 2,
      intra_op_num_threads: 4,
      extra_session_config: extra,
    });
  });

  it('gives TensorRT and CUDA their own options', () => {
    const tensorrt = { ...target, ep: 'TensorrtExecutionProvider' };
    expect(decide({ trt_fp16_enable: true, provider_options_list: [{ device_id: 1 }] }, tensorrt).provider_options).toEqual([
      { device_id: 1, trt_fp16_enable: true },
    ]);
    expect(decide({ io_bind: true }, { ...target, ep: 'CUDAExecutionProvider' }).provider_options).toEqual([{ enable_cuda_graph: false }]);
  });

  it.each<[string, object, string]>([
    ['I/O binding on the CPU', { io_bind: true }, 'CPUExecutionProvider'],
    ['CUDA without I/O binding', {}, 'CUDAExecutionProvider'],
    ['a CUDA graph in parallel execution', { io_bind: true, enable_cuda_graph: true, execution_mode_list: [1] }, 'CUDAExecutionProvider'],
    ['another provider than the target', { providers_list: ['CPUExecutionProvider'] }, 'DmlExecutionProvider'],
  ])('refuses %s, which Olive prunes', (_, params, ep) => {
    expect(() => decide(params, { ...target, ep })).toThrow('OrtSessionParamsTuning failed');
  });

  it('takes another provider when told to', () => {
    const params = { providers_list: ['CPUExecutionProvider'], force_evaluate_other_eps: true };
    expect(decide(params).execution_provider).toEqual(['CPUExecutionProvider']);
  });
});
