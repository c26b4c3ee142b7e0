import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const COREML: EpDefinition = {
  ...PLAIN,
  name: 'CoreMLExecutionProvider',
  id: 'coreml',
  title: 'Apple Core ML',
  classes: ['npu', 'gpu', 'cpu'],
  compiled: { kind: 'named', name: 'CoreML' },
  options: {
    ModelFormat: { type: 'text', values: ['MLProgram', 'NeuralNetwork'], meaning: 'Form handed to Core ML.' },
    MLComputeUnits: {
      type: 'text',
      values: ['CPUAndNeuralEngine', 'CPUAndGPU', 'CPUOnly', 'ALL'],
      meaning: 'Devices Core ML may use; `ALL` hides which one ran.',
    },
    RequireStaticInputShapes: { type: 'boolean', meaning: 'Leaves nodes of unknown shape to the CPU provider.' },
    EnableOnSubgraphs: { type: 'boolean', meaning: 'Looks into the bodies of If, Loop and Scan.' },
    ModelCacheDirectory: { type: 'path', meaning: 'Folder for compiled models.' },
  },
  takes: 'Apple devices only',
  fallback: 'Core ML itself may run a subgraph on the CPU, which no profile of ONNX Runtime shows.',
  install: { linux: 'macOS only.', windows: 'macOS only.' },
  proof: 'Not run on silicon: tested up to the point where the library says that it was built without.',
};
