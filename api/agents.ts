import { z } from 'zod';
import { agentMarkSchema } from '../domain/agent-mark.ts';
import { deviceProfileSchema, deviceStateSchema, hostInfoSchema, missingSchema } from '../domain/device.ts';
import { deviceNameSchema, idSchema } from '../domain/names.ts';

/** The state a person sees. */
export const agentStateSchema = z.enum(['idle', 'busy', 'paused', 'not-ready', 'draining', 'quarantined', 'offline']);
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
  mark: agentMarkSchema.nullable().describe('Set by a person, or by the circuit breaker after attempts that kept ending badly.'),
  why: z.string().max(5_000).describe('Why it takes no work. Empty when it does.'),
  devices: z.array(agentDeviceSchema),
  missing: z.array(missingSchema).describe('What the probe looked for and did not find, with the reason.'),
  leases: z.array(z.object({ taskId: idSchema, attempt: z.int().min(1), deviceName: z.string().max(200) })),
  lastSeenAt: z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.'),
  connectedAt: z.number().min(0).describe('Milliseconds since 1970-01-01 UTC.'),
});
export type AgentView = z.infer<typeof agentViewSchema>;

const MAX_MARK_MS = 90 * 86_400_000;

/** Marks an agent so that it gets no more work. */
export const markAgentRequestSchema = z.strictObject({
  kind: agentMarkSchema.shape.kind,
  reason: agentMarkSchema.shape.reason.default(''),
  fix: agentMarkSchema.shape.fix.default('').describe('What has to be done before it can work again.'),
  forMs: z.int().min(1_000).max(MAX_MARK_MS).exactOptional().describe('It ends by itself after this; default: when somebody removes it.'),
});
export type MarkAgentRequest = z.input<typeof markAgentRequestSchema>;

/** Every agent the farm knows, by id. */
export const agentListSchema = z.object({ agents: z.array(agentViewSchema) });
export type AgentList = z.infer<typeof agentListSchema>;
