import { selectContext } from '../contexts.ts';
import { configOf, noun, type RegisterCommand } from './command.ts';

/** `grove context use NAME`: commands go to that farm from now on. */
export const registerContextUse: RegisterCommand = (program, context) => {
  const command = noun(program, 'context', 'contexts: farms this machine has logged in to')
    .command('use <name>')
    .description('let commands go to that farm from now on');
  command.action(async (name: string) => {
    await selectContext((await configOf(command, context)).dataFolder, name);
    context.terminal.out(`Commands go to ${name} now.`);
  });
};
