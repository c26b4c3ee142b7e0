import { toGroveError } from '../domain/errors.ts';
import { createEmail } from './notify/email.ts';
import { createNotifier } from './notify/notifier.ts';
import { createWebhook } from './notify/webhook.ts';
import type { Parts } from './parts.ts';
import type { RestDeps } from './rest/deps.ts';

const NOBODY: RestDeps['notifications'] = { view: () => ({ channels: [], reasons: [], deliveries: [] }), test: () => {} };

/** Tells people what the configuration asks for. */
export function startNotifier({ config, undo, log, clock, random, store, histories, farm }: Parts): RestDeps['notifications'] {
  const { notifications } = config;
  if (notifications === null) return NOBODY;
  const notifier = createNotifier({
    config: notifications,
    channels: [
      ...notifications.webhooks.map((settings) => createWebhook({ ...settings, clock })),
      ...(notifications.email === null ? [] : [createEmail(notifications.email)]),
    ],
    store,
    clock,
    random,
    turn: farm.reaperTurn,
    matrix: () => histories.matrix(),
    onDelivered: ({ noticeId, channel, attempts }) => log('notice-delivered', { noticeId, channel, attempts }),
    onFailed: ({ noticeId, channel, attempts, error }) => log('notice-not-delivered', { noticeId, channel, attempts, error }),
    onError: (error) => log('notices-not-made', { error: toGroveError(error).message }),
  });
  undo.add(() => notifier.stop());
  return notifier;
}
