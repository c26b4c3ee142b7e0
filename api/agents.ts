import { z } from 'zod';
import { deviceProfileSchema, deviceStateSchema, hostInfoSchema, missingSchema } from '../domain/device.ts';
import { deviceNameSchema, idSchema } from '../domain/names.ts';

/** The state a person sees. */
export const agentStateSchema = z.enum(['idle', 'busy', 'paused', 'not-ready', 'draining', 'offline']);
export type AgentState = z.infer<typeof agentStateSchema>;

const agentDeviceSchema = z.object({
  name: deviceNameSchema,
  profile: deviceProfileSchema,
  profileDigest: z.string().max(64),
  state: deviceStateSchema.nullable().describe('Momentary load, heat and power; null until the first heartbeat.'),
});

/** A lab machine's agent with its devices, and what its probe missed. */
export const agentViewSchema = z.object({
  agentId: idSchema,
  agentVersion: z.string().max(300),
  host: hostInfoSchema,
  state: agentStateSchema,
  why: z.string().max(2_000).describe('Why it takes no work. Empty when it does.'),
  devices: z.array(agentDeviceSchema),
  missing: z.array(missingSchema).describe('What the probe looked for and did not find, with the reason.'),
  leases: z.array(z.object({ taskId: idSchema, attempt: z.int().min(1), deviceName: z.string().max(200) })),
  lastSeenAt: z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.'),
  connectedAt: z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.'),
});
export type AgentView = z.infer<typeof agentViewSchema>;

/** Every agent the farm knows, by id. */
export const agentListSchema = z.object({ agents: z.array(agentViewSchema) });
export type AgentList = z.infer<typeof agentListSchema>;
