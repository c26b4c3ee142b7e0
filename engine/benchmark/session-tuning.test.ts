import { describe, expect, it } from 'vitest';
import type { InferenceSettings } from '../passes/pass.ts';
import { sessionSpecSchema } from './session-spec.ts';
import { applyInferenceSettings } from './session-tuning.ts';

const decided: InferenceSettings = {
  execution_provider: ['NvTensorRTRTXExecutionProvider'],
  provider_options: [{ device_id: 1, enable: true }],
  io_bind: false,
  tuning_op_result: null,
  session_options: { execution_mode: null, graph_optimization_level: 99, inter_op_num_threads: 4, intra_op_num_threads: 8 },
};
const spec = (ep: string) =>
  sessionSpecSchema.parse({ modelPath: '/m.onnx', ep, settings: { intraOpThreads: 1, executionMode: 'parallel' } });

describe('applyInferenceSettings', () => {
  it('takes what was decided and leaves defaults where nothing was', () => {
    expect(applyInferenceSettings(spec('NvTensorRTRTXExecutionProvider'), decided)).toMatchObject({
      epOptions: { device_id: '1', enable: 'true' },
      settings: { intraOpThreads: 8, interOpThreads: 4, optimizationLevel: 'all', executionMode: 'parallel' },
    });
  });

  it('drops provider options on a substituted provider', () => {
    expect(applyInferenceSettings(spec('CPUExecutionProvider'), decided)).toMatchObject({ epOptions: {}, settings: { intraOpThreads: 8 } });
  });
});
