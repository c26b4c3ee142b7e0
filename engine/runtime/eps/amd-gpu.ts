import { type EpDefinition, PLAIN } from './ep-definition.ts';

const SHARED = {
  ...PLAIN,
  classes: ['gpu'],
  options: { device_id: { type: 'integer', meaning: 'GPU by its number; belongs to the machine.' } },
  vendorId: '1002',
  takes: 'AMD GPUs only',
  fallback: 'Nodes it lacks run on the CPU provider.',
  proof: 'Not run on silicon: no recipe of the catalogue uses it.',
} as const satisfies Partial<EpDefinition>;

export const MIGRAPHX: EpDefinition = {
  ...SHARED,
  name: 'MIGraphXExecutionProvider',
  id: 'migraphx',
  title: 'AMD MIGraphX',
  compiled: { kind: 'named', name: 'MIGraphX' },
  pluginFile: /^(?:lib)?onnxruntime_providers_migraphx(?:_plugin)?\.(?:so|dll)$/,
  install: { linux: 'The plug-in of ROCm: `grove ep add PATH`.', windows: '`grove ep add winml:MIGraphX`.' },
};

export const ROCM: EpDefinition = {
  ...SHARED,
  name: 'ROCMExecutionProvider',
  id: 'rocm',
  title: 'AMD ROCm (superseded by MIGraphX)',
  compiled: { kind: 'named', name: 'ROCM' },
  install: { linux: 'An ONNX Runtime build of ROCm 6: `eps: { ROCMExecutionProvider: { ort: PATH } }`.', windows: 'Linux only.' },
};
