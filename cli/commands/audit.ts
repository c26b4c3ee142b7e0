import { positiveInteger } from '../option-parsers.ts';
import { print, table } from '../output.ts';
import { clientOf, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface AuditOptions extends OutputOptions {
  readonly limit: number;
}

/** `grove audit`: who changed what, when and from where. */
export const registerAudit: RegisterCommand = (program, context) => {
  const command = program
    .command('audit')
    .description('list who changed what, when and from where; newest first')
    .option('--limit <count>', 'how many changes', positiveInteger, 100);
  withOutput(command).action(async (options: AuditOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.audit(options.limit), ({ entries }) =>
      table(
        ['when', 'who', 'what', 'object', 'from', 'outcome'],
        entries.map(({ at, who, role, what, object, from, outcome }) => [
          new Date(at).toISOString(),
          role === null ? who.name : `${who.name} (${role})`,
          what,
          object,
          from,
          outcome,
        ]),
      ),
    );
  });
};
