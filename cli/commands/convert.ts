import { Option } from 'commander';
import type { ConvertOptions } from '../convert/run-convert.ts';
import { collect } from '../option-parsers.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove convert RECIPE --model DIR --out DIR`: the host passes of a recipe on this machine, without a farm. Writes what Olive writes. */
export const registerConvert: RegisterCommand = (program, context) => {
  const command = program.command('convert <recipe>').description('run the conversion passes of a recipe on this machine');
  withOutput(command)
    .option('--model <dir>', 'checkpoint folder (config.json and safetensors) or ONNX file')
    .option('--out <dir>', 'folder for model.onnx and what Olive writes beside it; created when missing')
    .option('--data <name=file[:columns]>', 'rows of a data_config, a local JSONL or Parquet file (repeatable)', collect, [])
    .option('--task <task>', "replace the recipe's task, for example text-classification")
    .option('--set <pass.parameter=value>', 'change a parameter of a pass (repeatable)', collect, [])
    .option('--dry-run', 'print what each pass would do, and convert nothing')
    .option('--explain', 'print of each pass what changed, and what was left alone and why')
    .option('--evaluate', "measure the recipe's latency and throughput metrics here, and write metrics.json")
    .addOption(new Option('--substitute-ep <ep>', 'evaluate on another execution provider; the result says so').choices(['cpu']))
    .option('--overwrite', 'write into a folder that holds other files too')
    .action(async (recipe: string, options: ConvertOptions) =>
      (await import('../convert/run-convert.ts')).runConvert(recipe, options, context),
    );
};
