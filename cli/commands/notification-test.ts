import { notificationsText } from '../notifications-text.ts';
import { print } from '../output.ts';
import { clientOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

/** `grove notification test`: a notice on every channel that says that notices arrive. */
export const registerNotificationTest: RegisterCommand = (program, context) => {
  const command = noun(program, 'notification', 'notifications: webhooks and e-mail about regressions and troubles of the farm')
    .command('test')
    .description('send a test on every channel; `notification list` tells how it went');
  withOutput(command).action(async (options: OutputOptions) => {
    const client = await clientOf(command, context);
    print({ ...options, terminal: context.terminal }, await client.testNotifications(), notificationsText);
  });
};
