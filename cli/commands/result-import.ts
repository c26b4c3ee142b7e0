import { resolve } from 'node:path';
import { Option } from 'commander';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { RESULT_FORMATS, type ResultFormat, readResultFile } from '../results/result-file.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { RESULT_NOUN } from './result-list.ts';

interface ImportOptions extends OutputOptions {
  readonly format: ResultFormat;
  readonly model?: string;
  readonly variant?: string;
  readonly device?: string;
  readonly deviceClass?: 'cpu' | 'gpu' | 'npu';
  readonly ep?: string;
  readonly ortVersion?: string;
}

/** `grove result import FILE`: shows what another tool measured in the matrix, as imported. */
export const registerResultImport: RegisterCommand = (program, context) => {
  const command = noun(program, 'result', RESULT_NOUN).command('import <file>');
  command.description('show results of another tool in the matrix; they are never ranked with what the farm measured');
  withOutput(command)
    .addOption(new Option('--format <format>', 'what wrote the file').choices([...RESULT_FORMATS]).makeOptionMandatory())
    .option('--model <name>', 'model, where the file does not say')
    .option('--variant <name>', 'what of the model, for example its precision')
    .option('--device <model>', 'model of the device')
    .addOption(new Option('--device-class <class>', 'its kind').choices(['cpu', 'gpu', 'npu']))
    .option('--ep <name>', 'execution provider')
    .option('--ort-version <version>', 'version of ONNX Runtime')
    .action(async (file: string, { format, model, device, ...options }: ImportOptions) => {
      const { variant, deviceClass, ep, ortVersion } = options;
      const facts = present({ modelId: model, deviceModel: device, variant, deviceClass, ep, ortVersion });
      const results = await readResultFile({ path: resolve(file), format, facts });
      const answer = await (await clientOf(command, context)).importResults({ results: [...results] });
      print({ ...options, terminal: context.terminal }, answer, () => `${results.length} results imported.`);
    });
};
