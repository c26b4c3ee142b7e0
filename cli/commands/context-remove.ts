import { GroveError } from '../../domain/errors.ts';
import { removeContext } from '../contexts.ts';
import { configOf, noun, type RegisterCommand } from './command.ts';

/** `grove context remove NAME`: forgets the farm and the token; the token itself stays good until it is revoked. */
export const registerContextRemove: RegisterCommand = (program, context) => {
  const command = noun(program, 'context', 'contexts: farms this machine has logged in to')
    .command('remove <name>')
    .description('forget a farm and its token, which stays good until it is revoked');
  command.action(async (name: string) => {
    const wasThere = await removeContext((await configOf(command, context)).dataFolder, name);
    if (!wasThere) throw new GroveError('not-found', { kind: 'context', id: name });
    context.terminal.out(`Forgot ${name}.`);
  });
};
