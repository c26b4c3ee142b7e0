import { type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove inspect MODEL`: what an ONNX file is made of; on this machine, without a farm and without loading it in a runtime. */
export const registerInspect: RegisterCommand = (program, context) => {
  const command = program.command('inspect <model>').description('say what an ONNX model is made of: inputs, operators, precision, files');
  withOutput(command).action(async (model: string, options: OutputOptions) =>
    (await import('../inspect/run-inspect.ts')).runInspect(model, options, context),
  );
};
