import { GroveError } from '../../../domain/errors.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** Where notices go and how that went. */
export function notificationHandlers({ notifications }: Pick<RestDeps, 'notifications'>) {
  return {
    async notifications() {
      return ok(notifications.view());
    },
    async testNotifications({ principal }) {
      if (notifications.view().channels.length === 0)
        throw new GroveError('invalid-request', { problem: 'no webhook and no e-mail is configured: see docs/notifications.md' });
      notifications.test(principal.name);
      return { status: 202, body: notifications.view() };
    },
  } satisfies Partial<Handlers>;
}
