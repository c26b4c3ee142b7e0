import type { NotificationsView } from '../api/notifications.ts';
import { table } from './output.ts';

/** Channels and deliveries as people read them. */
export function notificationsText({ channels, reasons, deliveries }: NotificationsView): string {
  if (channels.length === 0) return 'Nobody is notified: no webhook and no e-mail is configured (docs/notifications.md).';
  const rows = deliveries.map(({ at, state, attempts, channel, subject, error }) => [
    new Date(at).toISOString(),
    state,
    `${attempts}`,
    channel,
    [subject, error].filter(Boolean).join('; '),
  ]);
  return [
    `Of ${reasons.join(', ')} to:`,
    ...channels.map((name) => `  ${name}`),
    table(['at', 'state', 'attempts', 'channel', 'what'], rows),
  ].join('\n');
}
