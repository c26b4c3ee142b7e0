import { Option } from 'commander';
import { launchCount, share } from '../option-parsers.ts';
import type { ReplayOptions } from '../replay/run-replay.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove replay BUNDLE`: measures a recorded result again, on this machine, and compares; needs no farm. */
export const registerReplay: RegisterCommand = (program, context) => {
  const command = program
    .command('replay <bundle>')
    .description('measure the result of an evidence bundle again on this machine: ratio, outputs, and what is another here');
  withOutput(command)
    .option('--key <key>', 'public key of the farm, or a file with it: refuse a bundle that another one signed')
    .option('--model <dir>', 'folder of the converted model, for a bundle made without')
    .addOption(new Option('--tier <tier>', 'how much is measured (default: as recorded)').choices(['smoke', 'standard', 'ranked']))
    .option('--launches <count>', 'fresh processes that measure, at most 64 (default: as recorded)', launchCount)
    .option('--margin <share>', 'least change that counts', share, 0.02)
    .action(async (bundle: string, options: ReplayOptions) =>
      (await import('../replay/run-replay.ts')).runReplay(bundle, options, context),
    );
};
