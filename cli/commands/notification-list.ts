import { notificationsText } from '../notifications-text.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove notification list`: channels, and how the last deliveries went. */
export const registerNotificationList: RegisterCommand = (program, context) => {
  const command = noun(program, 'notification', 'notifications: webhooks and e-mail about regressions and troubles of the farm')
    .command('list')
    .description('show where notices go and how the last deliveries went');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.notifications(), notificationsText);
  });
};
