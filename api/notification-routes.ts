import { notificationsViewSchema } from './notifications.ts';
import { defineRoute, json, noArguments, nothing } from './route.ts';

/** Whom the farm tells of what. */
export const NOTIFICATION_ROUTES = {
  notifications: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/notifications',
    tag: 'farm',
    kind: 'json',
    summary: 'Where notices go, and how the last deliveries of this coordinator went.',
    answers: [json(200, 'No channels when nothing is configured.', notificationsViewSchema)],
  }),
  testNotifications: defineRoute({
    ...nothing,
    method: 'post',
    path: '/api/v1/notifications/test',
    tag: 'farm',
    kind: 'json',
    body: noArguments,
    summary: 'Sends a test on every channel.',
    answers: [json(202, 'It is on its way: ask again for how it went.', notificationsViewSchema)],
  }),
} as const;
