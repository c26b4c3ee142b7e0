import { type EpDefinition, PLAIN } from './ep-definition.ts';

export const CPU: EpDefinition = {
  ...PLAIN,
  name: 'CPUExecutionProvider',
  id: 'cpu',
  title: "ONNX Runtime's CPU provider",
  classes: ['cpu'],
  compiled: { kind: 'default' },
  options: {},
  takes: 'any CPU',
  fallback: 'It is where every other provider falls back to.',
  install: { linux: 'Nothing to install.', windows: 'Nothing to install.' },
  proof: 'Runs in every test.',
};
