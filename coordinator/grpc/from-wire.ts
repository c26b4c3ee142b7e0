import { z } from 'zod';
import { agentMarkSchema } from '../../domain/agent-mark.ts';
import { MAX_LOG_CHUNK_CHARS, MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { deviceSchema, deviceStateSchema, hostInfoSchema, missingSchema } from '../../domain/device.ts';
import { GroveError, toGroveError } from '../../domain/errors.ts';
import { blobSchema } from '../../domain/manifest.ts';
import { deviceNameSchema, idSchema } from '../../domain/names.ts';
import type { AgentMessage, AgentStatus } from '../../domain/protocol.ts';
import { type AttemptOutcome, attemptOutcomeSchema, errorReportSchema, leaseRefSchema, stageSchema } from '../../domain/task.ts';
import { AgentStatus_State, GrantRequest_Direction, AgentMessage as WireAgentMessage } from '../../proto/gen/grove/v1/agent.ts';

/** Devices one agent may offer, and leases it may name in one message: far above any real machine. */
const MAX_DEVICES = 64;
const MAX_LEASES = 64;
const MAX_MISSING = 200;
/** Blobs per grant request; an agent asks again for more, so that the answer stays below the message limit. */
const MAX_GRANT_BLOBS = 256;
const MAX_NOTE_CHARS = 300;

const text = z.string().max(300);

const statusSchema: z.ZodType<AgentStatus> = z
  .object({ state: z.int(), why: z.string().max(2_000) })
  .transform(({ state, why }, context): AgentStatus => {
    if (state === AgentStatus_State.STATE_READY) return { state: 'ready', why };
    if (state === AgentStatus_State.STATE_NOT_READY) return { state: 'not-ready', why };
    if (state === AgentStatus_State.STATE_DRAINING) return { state: 'draining', why };
    context.addIssue({ code: 'custom', path: ['state'], message: `unknown value ${state}` });
    return z.NEVER;
  });

const directionSchema = z.int().transform((direction, context): 'put' | 'get' => {
  if (direction === GrantRequest_Direction.DIRECTION_PUT) return 'put';
  if (direction === GrantRequest_Direction.DIRECTION_GET) return 'get';
  context.addIssue({ code: 'custom', message: `unknown value ${direction}` });
  return z.NEVER;
});

/** A string that holds a JSON document of that schema. */
function documentSchema<T>(schema: z.ZodType<T>) {
  const parsed = z.string().transform((json, context): unknown => {
    try {
      return JSON.parse(json);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  });
  return parsed.pipe(schema);
}

const heldLeaseSchema = z.object({
  lease: leaseRefSchema,
  stage: z.union([z.literal('').transform(() => null), stageSchema]),
  resultPending: z.boolean(),
});

const SCHEMAS = {
  hello: z.object({
    protocolVersion: z.int().min(0),
    agentVersion: text,
    agentId: idSchema,
    instanceId: idSchema,
    hostJson: documentSchema(hostInfoSchema),
    devicesJson: documentSchema(z.array(deviceSchema).max(MAX_DEVICES)),
    missingJson: documentSchema(z.array(missingSchema).max(MAX_MISSING)),
    status: statusSchema,
    heldLeases: z.array(heldLeaseSchema).max(MAX_LEASES),
  }),
  heartbeat: z.object({
    status: statusSchema,
    deviceStatesJson: documentSchema(z.record(deviceNameSchema, deviceStateSchema)),
    renewals: z.array(leaseRefSchema).max(MAX_LEASES),
  }),
  accept: z.object({ lease: leaseRefSchema }),
  reject: z.object({ lease: leaseRefSchema, errorJson: documentSchema(errorReportSchema) }),
  progress: z.object({ lease: leaseRefSchema, stage: stageSchema, fraction: z.number().min(0).max(1), note: z.string() }),
  logChunk: z.object({ lease: leaseRefSchema, sequence: z.int().min(0), text: z.string().max(MAX_LOG_CHUNK_CHARS) }),
  grantRequest: z.object({
    requestId: idSchema,
    lease: leaseRefSchema,
    direction: directionSchema,
    blobs: z.array(blobSchema).min(1).max(MAX_GRANT_BLOBS),
  }),
  complete: z.object({ lease: leaseRefSchema, outcomeJson: z.string() }),
  quarantine: agentMarkSchema.pick({ reason: true, fix: true }),
  outcome: documentSchema(attemptOutcomeSchema),
} as const;

type WireMessage = NonNullable<WireAgentMessage['message']>;

/**
 * One message as it came off the wire, validated to the last document. Throws `message-too-large` and `malformed-message`, which names the message
 * and the field.
 */
export function readAgentMessage(bytes: Uint8Array): AgentMessage {
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw new GroveError('message-too-large', { sizeBytes: bytes.length, limitBytes: MAX_MESSAGE_BYTES });
  return fromWire(decode(bytes));
}

function decode(bytes: Uint8Array): WireMessage {
  try {
    const { message } = WireAgentMessage.decode(bytes);
    if (message !== undefined) return message;
  } catch (cause) {
    throw new GroveError(
      'malformed-message',
      { message: 'protocol', problem: cause instanceof Error ? cause.message : String(cause) },
      { cause },
    );
  }
  throw new GroveError('malformed-message', { message: 'empty', problem: 'it holds none of the known messages' });
}

function fromWire(wire: WireMessage): AgentMessage {
  switch (wire.$case) {
    case 'hello': {
      const { hostJson, devicesJson, missingJson, ...rest } = check('hello', SCHEMAS.hello, wire.value);
      return { type: 'hello', ...rest, host: hostJson, devices: devicesJson, missing: missingJson };
    }
    case 'heartbeat': {
      const { deviceStatesJson, ...rest } = check('heartbeat', SCHEMAS.heartbeat, wire.value);
      return { type: 'heartbeat', ...rest, deviceStates: deviceStatesJson };
    }
    case 'accept':
      return { type: 'accept', ...check('accept', SCHEMAS.accept, wire.value) };
    case 'reject': {
      const { lease, errorJson } = check('reject', SCHEMAS.reject, wire.value);
      return { type: 'reject', lease, error: errorJson };
    }
    case 'progress': {
      const progress = check('progress', SCHEMAS.progress, wire.value);
      return { type: 'progress', ...progress, note: progress.note.slice(0, MAX_NOTE_CHARS) };
    }
    case 'logChunk':
      return { type: 'logChunk', ...check('logChunk', SCHEMAS.logChunk, wire.value) };
    case 'grantRequest':
      return { type: 'grantRequest', ...check('grantRequest', SCHEMAS.grantRequest, wire.value) };
    case 'complete': {
      const { lease, outcomeJson } = check('complete', SCHEMAS.complete, wire.value);
      return { type: 'complete', lease, outcome: readOutcome(outcomeJson) };
    }
    case 'quarantine':
      return { type: 'quarantine', ...check('quarantine', SCHEMAS.quarantine, wire.value) };
  }
}

/**
 * An outcome that cannot be read ends its attempt. To refuse the message would break the connection, on which the agent would resend the outcome it
 * keeps, and so on for ever.
 */
function readOutcome(json: string): AttemptOutcome {
  try {
    return check('complete', SCHEMAS.outcome, json);
  } catch (error) {
    return { state: 'exception', error: toGroveError(error).toReport() };
  }
}

function check<T>(message: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join('.'), message: issue.message.slice(0, 300) }));
  const [first] = problems;
  throw new GroveError('malformed-message', { message, problem: `${first?.path ?? ''}: ${first?.message ?? 'not valid'}` }, { problems });
}
