import { InvalidArgumentError, Option } from 'commander';
import { type ProvenanceChange, provenanceChangeSchema } from '../../domain/matrix.ts';
import type { ListedCell } from '../../domain/matrix-lists.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { type GateResult, type GateRules, gateMarkdown, judgeGate } from '../../domain/regression-gate.ts';
import { EXIT } from '../exit-code.ts';
import { collect, members } from '../option-parsers.ts';
import { clientOf, type RegisterCommand } from './command.ts';

interface GateOptions extends Omit<GateRules, 'across'> {
  readonly output: 'md' | 'json';
  readonly across: readonly ProvenanceChange[];
  readonly recipe: readonly string[];
  readonly device: readonly string[];
}

const EXIT_OF = { pass: EXIT.ok, regression: EXIT.regression, inconclusive: EXIT.inconclusive } as const satisfies Record<
  GateResult['verdict'],
  number
>;

/** `grove gate`: 0 when no cell is slower than allowed, 3 when one is, 4 when it cannot be told. Prints a summary for a pull request. */
export const registerGate: RegisterCommand = (program, context) => {
  const command = program.command('gate').description('judge the matrix against its baselines: exit 0 pass, 3 regression, 4 inconclusive');
  const choice = (flags: string, words: string) => new Option(flags, words).choices(['fail', 'ignore']).default('fail');
  command
    .addOption(
      new Option('--baseline <kind>', 'pinned: only pinned baselines; previous: else the result before')
        .choices(['pinned', 'previous'])
        .default('pinned'),
    )
    .option('--max-regression <percent>', 'how much slower is allowed', percentage, 0.05)
    .addOption(choice('--on-missing <what>', 'cells without result or baseline'))
    .addOption(choice('--on-noisy <what>', 'cells that cannot be told'))
    .option('--across <changes>', `compare although this has changed: ${provenanceChangeSchema.options.join(', ')}`, changes, [])
    .option('--recipe <recipe>', 'only this recipe: an id, file name or label (repeatable)', collect, [])
    .option('--device <device>', 'only this device, by its name or model (repeatable)', collect, [])
    .addOption(new Option('-o, --output <format>', 'how to print the result').choices(['md', 'json']).default('md'))
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }));
  command.action(async ({ output, recipe, device, ...rules }: GateOptions) => {
    const client = await clientOf(command, context);
    const result = judgeGate(await client.matrix(), rules, (cell) => isWanted(cell, { recipe, device }));
    context.terminal.out(output === 'json' ? JSON.stringify(result, null, 2) : gateMarkdown(result, rules).trimEnd());
    context.exit(EXIT_OF[result.verdict]);
  });
};

function isWanted({ row: { recipeId }, cell }: ListedCell, { recipe, device }: Pick<GateOptions, 'recipe' | 'device'>): boolean {
  const names = [recipeId, recipeId.split('/').at(-1) ?? '', recipeLabel(recipeId)];
  const isRecipe = recipe.length === 0 || recipe.some((name) => names.includes(name) || names.includes(`${name}.json`));
  return isRecipe && (device.length === 0 || device.some((name) => name === cell.key.deviceModel || cell.units.includes(name)));
}

function changes(value: string): readonly ProvenanceChange[] {
  return members(value, provenanceChangeSchema.options);
}

/** `5%` or `5`. */
function percentage(value: string): number {
  const number = Number(value.replace(/%$/, ''));
  if (!/^[\d.]+%?$/.test(value) || !(number >= 0 && number <= 1_000)) throw new InvalidArgumentError('It must be a percentage such as 5%.');
  return number / 100;
}
