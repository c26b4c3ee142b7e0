import { clientOf, type RegisterCommand } from './command.ts';

/** `grove down`: stops the coordinator; agents drain and wait for its return. */
export const registerDown: RegisterCommand = (program, context) => {
  const command = program.command('down').description('stop the farm that `grove up` started');
  command.action(async () => {
    const client = await clientOf(command, context);
    await client.shutdown();
    context.terminal.out(`Stopping the farm at ${client.url}.`);
  });
};
