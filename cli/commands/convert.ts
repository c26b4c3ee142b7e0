import type { ConvertOptions } from '../convert/run-convert.ts';
import { collect } from '../option-parsers.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove convert RECIPE --model DIR --out DIR`: the host passes of a recipe on this machine, without a farm. */
export const registerConvert: RegisterCommand = (program, context) => {
  const command = program.command('convert <recipe>').description('run the conversion passes of a recipe on this machine');
  withOutput(command)
    .requiredOption('--model <dir>', 'checkpoint folder (config.json and safetensors) or ONNX file')
    .requiredOption('--out <dir>', 'folder for model.onnx; created when missing')
    .option('--data <name=file[:columns]>', 'rows of a data_config, a local JSONL or Parquet file (repeatable)', collect, [])
    .option('--task <task>', "replace the recipe's task, for example text-classification")
    .option('--set <pass.parameter=value>', 'change a parameter of a pass (repeatable)', collect, [])
    .option('--explain', 'print what each pass will do, and convert nothing')
    .action(async (recipe: string, options: ConvertOptions) =>
      (await import('../convert/run-convert.ts')).runConvert(recipe, options, context),
    );
};
