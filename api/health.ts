import { z } from 'zod';

const partSchema = z.object({ kind: z.string().max(60), ok: z.boolean(), detail: z.string().max(500) });

const storeSchema = partSchema.extend({
  latencyMs: z.number().min(0).exactOptional().describe('Redis: how long it took to answer.'),
  isDurable: z.boolean().exactOptional().describe('Redis: whether its append-only file is on.'),
  evicts: z.boolean().exactOptional().describe('Redis: whether it may drop tasks when its memory is full.'),
  clockSkewMs: z.number().exactOptional().describe("Redis: by how much this coordinator's clock is ahead of the farm's."),
});

const coordinatorSchema = z.object({
  coordinatorId: z.string().max(200),
  version: z.string().max(60),
  url: z.string().max(300).describe('Origin of its API.'),
  grpcAddress: z.string().max(300).describe('Where agents reach it.'),
  startedAt: z.number(),
  seenAt: z.number(),
});

/** Whether the coordinator lives, and how its stores are. */
export const healthSchema = z.object({
  status: z.enum(['ok', 'starting', 'stopping']),
  version: z.string().max(60),
  uptimeMs: z.number().min(0),
  store: storeSchema.describe('The task store: memory or redis.'),
  artifacts: partSchema.describe('The artifact store: fs or s3.'),
  coordinators: z.array(coordinatorSchema).max(1_000).describe('Those heard of lately, this one among them.'),
});
export type Health = z.infer<typeof healthSchema>;

/** Whether requests will be served now; the answer's status is 503 when not. */
export const readySchema = z.object({ ready: z.boolean() });
export type Ready = z.infer<typeof readySchema>;

/** The coordinator has begun to stop. */
export const shutdownAnswerSchema = z.object({ stopping: z.literal(true) });
export type ShutdownAnswer = z.infer<typeof shutdownAnswerSchema>;
