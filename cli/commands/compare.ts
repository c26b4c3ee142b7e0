import { Option } from 'commander';
import { CPU_EP } from '../../domain/names.ts';
import type { CompareOptions } from '../compare/run-compare.ts';
import { collect, launchCount, positiveInteger, share } from '../option-parsers.ts';
import { clientOf, type RegisterCommand, withOutput } from './command.ts';

const DEVICE_CLASSES = ['cpu', 'gpu', 'npu'];

/** `grove compare A [B]`: cells of the farm, or with `--local` two models or two ways to run one, by launches that alternate on this machine. */
export const registerCompare: RegisterCommand = (program, context) => {
  const command = program
    .command('compare <a> [b]')
    .description('the latency of b over that of a, with its interval (ends with 3 when b is slower, 4 when it stays open)');
  withOutput(command)
    .option('--local', 'a and b are models: measure them here; without it they are cells of the farm')
    .addOption(new Option('--ep <name>', 'execution provider of both').default(CPU_EP))
    .addOption(new Option('--device <class>', 'kind of device of both').choices(DEVICE_CLASSES))
    .option('--ep-package <id>', 'package of the provider, such as qnn@2.7.0')
    .option('--ep-option <key=value>', "option of the provider, by the provider's own name (repeatable)", collect, [])
    .option('--ort <file>', 'another ONNX Runtime library')
    .option('--threads <count>', 'threads of one operator', positiveInteger)
    .option('--b-ep <name>', 'for b only')
    .addOption(new Option('--b-device <class>', 'for b only').choices(DEVICE_CLASSES))
    .option('--b-ep-package <id>', 'for b only')
    .option('--b-ep-option <key=value>', 'for b only, over the shared ones (repeatable)', collect, [])
    .option('--b-ort <file>', 'for b only')
    .option('--b-threads <count>', 'for b only', positiveInteger)
    .addOption(new Option('--tier <tier>', 'how much is measured').choices(['smoke', 'standard', 'ranked']).default('smoke'))
    .option('--pairs <count>', 'launches of each side, at most 64', launchCount)
    .option('--dim <name=size>', 'size of a symbolic dimension (repeatable; default 1 for the first axis, 128 for others)', collect, [])
    .option('--ids-below <count>', 'generated token ids are below this: at most the vocabulary size', positiveInteger, 1_000)
    .option('--margin <share>', 'least change that counts', share, 0.02)
    .action(async (a: string, b: string | undefined, options: CompareOptions & { readonly local?: true }) => {
      const { runCompareCells, runCompareHere, secondOf } = await import('../compare/run-compare.ts');
      const second = secondOf(a, b, options);
      if (options.local === true) await runCompareHere(a, second, { options, context });
      else await runCompareCells(await clientOf(command, context), [a, second], { options, context });
    });
};
