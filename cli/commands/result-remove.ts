import { Option } from 'commander';
import { GroveError } from '../../domain/errors.ts';
import { RESULT_TOOLS, type ResultSelector, resultSelectorSchema } from '../../domain/imported-result.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';
import { RESULT_NOUN, resultTable } from './result-list.ts';

interface RemoveOptions extends OutputOptions {
  readonly model?: string;
  readonly variant?: string;
  readonly device?: string;
  readonly ep?: string;
  readonly tool?: ResultSelector['tool'];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `grove result remove --model NAME --yes`: takes imported results out of the matrix. */
export const registerResultRemove: RegisterCommand = (program, context) => {
  const command = noun(program, 'result', RESULT_NOUN).command('remove');
  command.description('take imported results out of the matrix: those that are equal in everything given');
  withOutput(command)
    .option('--model <name>', 'model')
    .option('--variant <name>', 'what of the model, for example its precision')
    .option('--device <model>', 'model of the device')
    .option('--ep <name>', 'execution provider')
    .addOption(new Option('--tool <tool>', 'what measured them').choices([...RESULT_TOOLS]))
    .option('--dry-run', 'show them, remove nothing')
    .option('--yes', 'remove them')
    .action(async ({ dryRun = false, yes = false, output, ...options }: RemoveOptions) => {
      const select = selectorOf(options);
      if (!dryRun && !yes)
        throw new GroveError('invalid-argument', { problem: 'This removes results for good: look with --dry-run, then give --yes' });
      const answer = await (await clientOf(command, context)).removeResults({ select, dryRun });
      if (answer.results.length === 0) throw new GroveError('not-found', { kind: 'imported result', id: Object.values(select).join(', ') });
      const end = dryRun ? '' : `\n${answer.results.length} result(s) removed.`;
      print({ output, terminal: context.terminal }, answer, ({ results }) => `${resultTable(results)}${end}`);
    });
};

/** Throws `invalid-argument` when nothing is named, or something that no result can have. */
function selectorOf({ model, device, ...options }: Pick<RemoveOptions, 'model' | 'variant' | 'device' | 'ep' | 'tool'>): ResultSelector {
  const named = present({ modelId: model, deviceModel: device, ...options });
  if (Object.keys(named).length === 0)
    throw new GroveError('invalid-argument', { problem: 'name what is to go: --model, --variant, --device, --ep or --tool' });
  const { data, error } = resultSelectorSchema.safeParse(named);
  if (data === undefined) throw new GroveError('invalid-argument', { problem: error.issues[0]?.message ?? 'no result has such a name' });
  return data;
}
