import { describe, expect, it } from 'vitest';
import { ortSessionParamsTuning } from './ort-session-params-tuning.ts';
import type { InferenceSettings } from './pass.ts';

const target = { ep: 'NvTensorRTRTXExecutionProvider', executedEp: 'NvTensorRTRTXExecutionProvider', physicalCores: 6 };

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
    const { session_options } = decide({ execution_mode_list: [0], cpu_cores: 3 });
    expect(session_options).toEqual({ execution_mode: 0, graph_optimization_level: null, intra_op_num_threads: 3 });
    expect(decide({ execution_mode_list: [0], inter_thread_num_list: 5 }).session_options.inter_op_num_threads).toBe(5);
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

  it('refuses nothing that Olive only ignores', () => {
    const options = decide({ enable_cuda_graph: true, execution_mode_list: [1], trt_fp16_enable: true }).provider_options;
    expect(options).toEqual([{}]);
  });

  it('takes another provider when told to and the session runs on it', () => {
    const params = { providers_list: ['CPUExecutionProvider'], force_evaluate_other_eps: true, provider_options_list: { arena: 1 } };
    const substituted = { ...target, executedEp: 'CPUExecutionProvider' };
    expect(decide(params, substituted)).toMatchObject({ execution_provider: ['CPUExecutionProvider'], provider_options: [{ arena: 1 }] });
    expect(() => decide(params)).toThrow('runs on NvTensorRTRTXExecutionProvider');
  });

  it.each<[string, object, object]>([
    ['no cores', { cpu_cores: 0 }, { intra_op_num_threads: 6, inter_op_num_threads: 6 }],
    ['no threads', { intra_thread_num_list: 0, inter_thread_num_list: 0 }, { intra_op_num_threads: 0, inter_op_num_threads: 0 }],
    [
      'one part of affinities',
      { execution_mode_list: 0, extra_session_config: { 'session.intra_op_thread_affinities': '1' } },
      { intra_op_num_threads: 2, inter_op_num_threads: 6 },
    ],
    ['empty affinities', { extra_session_config: { 'session.intra_op_thread_affinities': '' } }, { intra_op_num_threads: 6 }],
    ['the layout level', { opt_level_list: 3 }, { graph_optimization_level: 3 }],
    ['profiling', { enable_profiling: true }, { enable_profiling: true }],
  ])('takes %s', (_, params, expected) => {
    expect(decide(params).session_options).toMatchObject(expected);
  });

  it('leaves out an empty configuration', () => {
    expect(decide({ extra_session_config: {} }).session_options).not.toHaveProperty('extra_session_config');
  });

  it.each([{ opt_level_list: 4 }, { execution_mode_list: 2 }, { intra_thread_num_list: -1 }, { cpu_cores: 1.5 }, { io_bind: 'yes' }])(
    'refuses %o',
    (params) => {
      expect(ortSessionParamsTuning.manifest.params.safeParse(params).success).toBe(false);
    },
  );
});
