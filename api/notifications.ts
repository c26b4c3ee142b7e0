import { z } from 'zod';

/** What people are told of. */
export const NOTICE_REASONS = ['regressed', 'fell-back', 'quarantined', 'no-data', 'oldest-wait'] as const;
export const noticeReasonSchema = z.enum(NOTICE_REASONS);
export type NoticeReason = z.infer<typeof noticeReasonSchema>;

/** Things told in one notice; the rest are counted. */
export const MAX_NOTICE_ITEMS = 50;

const text = z.string().max(2_000);

/** One message: the digest of a job, or what has happened in the farm. It is the body of a webhook. */
export const noticeSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The same for every delivery of the same notice, on whatever way and however often: `job:<jobId>` for a job. */
  id: z.string().max(200),
  kind: z.enum(['job', 'farm', 'test']),
  at: z.number().describe('Epoch milliseconds.'),
  subject: text,
  jobId: z.string().nullable(),
  items: z.array(
    z.strictObject({
      reason: noticeReasonSchema,
      /** Cell, agent or queue. */
      name: text,
      detail: text,
      url: z.string().nullable(),
    }),
  ),
  more: z.int().min(0).describe('Further items that were left out.'),
});
export type Notice = z.infer<typeof noticeSchema>;
export type NoticeItem = Notice['items'][number];

/** One notice on one way. */
export const deliverySchema = z.object({
  noticeId: z.string(),
  subject: z.string(),
  channel: z.string(),
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.int().min(0),
  at: z.number().describe('Of the last attempt, or of the notice; epoch milliseconds.'),
  error: z.string().nullable().describe('Why the last attempt failed.'),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** Where notices of this coordinator go, and how its last deliveries went. */
export const notificationsViewSchema = z.object({
  channels: z.array(z.string()).describe('`webhook https://host`, `e-mail smtp://host`: never a path or password.'),
  reasons: z.array(noticeReasonSchema),
  deliveries: z.array(deliverySchema).max(100).describe('Newest first, since this coordinator started.'),
});
export type NotificationsView = z.infer<typeof notificationsViewSchema>;
