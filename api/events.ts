import { z } from 'zod';
import { jobStateSchema } from '../domain/job.ts';
import { idSchema } from '../domain/names.ts';
import { taskStateSchema } from '../domain/task-state.ts';
import { taskCountsSchema } from './jobs.ts';
import { progressSchema } from './tasks.ts';

const durable = { sequence: z.int().min(0), at: z.number().min(0) };

/**
 * What GET /api/v1/events sends, as the `data` of each event; the event's name is its `type`. Durable events carry a `sequence`, which is also the
 * event's id: a client that reconnects with Last-Event-ID misses none of them. `progress` is momentary and is not repeated.
 */
export const farmEventSchema = z.discriminatedUnion('type', [
  z.object({
    ...durable,
    type: z.literal('job'),
    jobId: idSchema,
    state: jobStateSchema,
    counts: taskCountsSchema,
  }),
  z.object({
    ...durable,
    type: z.literal('task'),
    taskId: idSchema,
    jobIds: z.array(idSchema),
    state: taskStateSchema,
    attempt: z.int().min(0),
    code: z.string().max(100).nullable(),
  }),
  z.object({ ...durable, type: z.literal('ready'), requirementDigest: z.string().max(64) }),
  z.object({
    ...durable,
    type: z.literal('agent'),
    agentId: idSchema,
    connection: z.enum(['connected', 'closing', 'offline']),
    status: z.enum(['ready', 'not-ready', 'draining']),
  }),
  z.object({ ...durable, type: z.literal('host-free'), hostId: idSchema }),
  z.object({ ...durable, type: z.literal('quota-free') }),
  z.object({ type: z.literal('progress'), taskId: idSchema, ...progressSchema.shape }),
  z
    .object({ type: z.literal('reset'), sequence: z.int().min(0) })
    .describe('Events before `sequence` are no longer kept: read everything again.'),
]);
export type FarmEvent = z.infer<typeof farmEventSchema>;

/** A comment line is sent this often, so that both ends notice a dead connection. */
export const EVENT_HEARTBEAT_MS = 15_000;
