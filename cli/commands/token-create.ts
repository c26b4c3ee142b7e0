import { Option } from 'commander';
import { ROLES, type Role } from '../../domain/access.ts';
import { durationMs, present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface TokenCreateOptions extends OutputOptions {
  readonly role: Role;
  readonly for?: number;
}

/** `grove token create NAME`: lets a person or a program use the farm. */
export const registerTokenCreate: RegisterCommand = (program, context) => {
  const command = noun(program, 'token', 'tokens: who may use the farm')
    .command('create <name>')
    .description('make a token for a person or a program; it is printed once')
    .addOption(new Option('--role <role>', 'what it may do').choices([...ROLES]).default('submitter'))
    .option('--for <duration>', 'how long it is good: 8h, 30d (default 90d)', durationMs);
  withOutput(command).action(async (name: string, options: TokenCreateOptions) => {
    const client = await clientOf(command, context);
    const made = await client.createToken({ name, role: options.role, ...present({ forMs: options.for }) });
    const until = new Date(made.expiresAt).toISOString();
    print({ ...options, terminal: context.terminal }, made, ({ token, id, role }) =>
      [token, `Token ${id} of ${name} (${role}), good until ${until}. It is not shown again.`].join('\n'),
    );
  });
};
