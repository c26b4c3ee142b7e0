import { z } from 'zod';

const partSchema = z.object({ kind: z.string().max(60), ok: z.boolean(), detail: z.string().max(500) });

/** Whether the coordinator lives, and how its stores are. */
export const healthSchema = z.object({
  status: z.enum(['ok', 'starting', 'stopping']),
  version: z.string().max(60),
  uptimeMs: z.number().min(0),
  store: partSchema.describe('The task store: memory or redis.'),
  artifacts: partSchema.describe('The artifact store: fs or s3.'),
});
export type Health = z.infer<typeof healthSchema>;

/** Whether requests will be served now; the answer's status is 503 when not. */
export const readySchema = z.object({ ready: z.boolean() });
export type Ready = z.infer<typeof readySchema>;

/** The coordinator has begun to stop. */
export const shutdownAnswerSchema = z.object({ stopping: z.literal(true) });
export type ShutdownAnswer = z.infer<typeof shutdownAnswerSchema>;
