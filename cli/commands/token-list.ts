import { print, table } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove token list`: who may use the farm, and until when. */
export const registerTokenList: RegisterCommand = (program, context) => {
  const command = noun(program, 'token', 'tokens: who may use the farm').command('list').description('list tokens that are good');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.tokens(), ({ tokens }) =>
      table(
        ['token', 'name', 'role', 'made by', 'good until'],
        tokens.map(({ id, name, role, madeBy, expiresAt }) => [id, name, role, madeBy, new Date(expiresAt).toISOString()]),
      ),
    );
  });
};
