import { z } from 'zod';
import { idSchema } from '../../domain/names.ts';
import { stageSchema } from '../../domain/task.ts';

const attempt = { taskId: idSchema, attempt: z.int().min(1) };
const text = z.string().max(10_000);

/** One thing that a coordinator tells the others. */
export const noticeSchema = z.discriminatedUnion('type', [
  /** For an agent, whoever holds its stream: stop and report. */
  z.strictObject({ type: z.literal('cancel'), agentId: idSchema, lease: z.strictObject(attempt), by: text }),
  /** For an agent, whoever holds its stream: stop, the lease is gone. */
  z.strictObject({ type: z.literal('revoke'), agentId: idSchema, lease: z.strictObject(attempt), why: text }),
  /** For an agent's stream, whoever holds it: it ends, its key is void. */
  z.strictObject({ type: z.literal('expel'), agentId: idSchema }),
  /** Where running attempts are. */
  z.strictObject({
    type: z.literal('progress'),
    reports: z.array(z.strictObject({ ...attempt, stage: stageSchema, fraction: z.number(), note: text })),
  }),
  /** The attempt's log has grown. */
  z.strictObject({ type: z.literal('log'), ...attempt }),
]);
export type Notice = z.infer<typeof noticeSchema>;
