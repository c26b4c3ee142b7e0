import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const DML: EpDefinition = {
  ...PLAIN,
  name: 'DmlExecutionProvider',
  id: 'dml',
  title: 'DirectML',
  classes: ['gpu', 'npu'],
  compiled: { kind: 'named', name: 'DML' },
  buildFile: /^DirectML\.dll$/i,
  options: {
    device_id: { type: 'integer', meaning: 'DXGI adapter by its number; belongs to the machine. 0 may be a remote or software adapter.' },
    performance_preference: { type: 'text', values: ['default', 'high_performance', 'minimum_power'], meaning: 'Which adapter to prefer.' },
    device_filter: { type: 'text', values: ['gpu', 'npu', 'any'], meaning: 'Kind of adapter.' },
    disable_metacommands: { type: 'boolean', meaning: "Leaves the driver's own operators out." },
  },
  takes: 'DirectX 12 devices',
  fallback: 'Nodes it lacks run on the CPU provider. The Basic Render Driver (WARP) is software: `emulated`.',
  install: { linux: 'Windows only.', windows: 'Nothing to install: the library that ships has it. A DirectX 12 driver is needed.' },
  proof:
    'Not run on silicon, nor on Windows: tested up to the point where the library says that it was built without; onnxruntime_directml 1.24.4 for Windows is recognised and refused on Linux.',
};
