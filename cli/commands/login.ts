import { createClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';
import { saveContext } from '../contexts.ts';
import { findAuthority } from '../find-authority.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { readToken } from '../read-token.ts';
import { clientOptionsOf, configOf, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface LoginOptions extends OutputOptions {
  readonly fingerprint?: string;
  readonly name?: string;
}

/** `grove login URL`: later commands go to that farm, with a token that is kept on this machine. */
export const registerLogin: RegisterCommand = (program, context) => {
  const command = program
    .command('login <url>')
    .description('log in to a farm; the token comes from GROVE_TOKEN, GROVE_TOKEN_FILE or standard input')
    .option('--fingerprint <sha256>', "of the farm's authority, as `grove up` printed it")
    .option('--name <name>', 'what to call the farm (default: its host)');
  withOutput(command).action(async (given: string, options: LoginOptions) => {
    const url = originOf(given);
    const authority = await findAuthority(url, options.fingerprint);
    const token = await readToken(context.env);
    const { dataFolder } = await configOf(command, context);
    const caller = await createClient(await clientOptionsOf({ url, token, authority })).caller();
    const name = present({ name: options.name }).name ?? new URL(url).hostname.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^-+/, '');
    await saveContext(dataFolder, { name, url, token, authority });
    print({ ...options, terminal: context.terminal }, { ...caller, context: name, url }, (seen) => {
      const until = seen.expiresAt === null ? '' : `, until ${new Date(seen.expiresAt).toISOString()}`;
      return `Logged in to ${url} as ${seen.name} (${seen.role}${until}).`;
    });
  });
};

function originOf(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text).origin;
  throw new GroveError('invalid-argument', { problem: `"${text}" is not of the form https://HOST:PORT` });
}
