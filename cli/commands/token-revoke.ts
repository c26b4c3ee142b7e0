import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove token revoke TOKEN`: it opens nothing from now on. */
export const registerTokenRevoke: RegisterCommand = (program, context) => {
  const command = noun(program, 'token', 'tokens: who may use the farm')
    .command('revoke <token>')
    .description('make a token (its id, see `token list`) and the sessions opened with it void');
  withOutput(command).action(async (tokenId: string, options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.revokeToken(tokenId), ({ revoked }) => `Token ${revoked} is void.`);
  });
};
