import { z } from 'zod';
import { ERRORS, type ErrorReport, GroveError } from '../../domain/errors.ts';
import { sha256Schema } from '../../domain/names.ts';
import type { AgentMessage, AgentStatus, CoordinatorMessage, Grant, HeldLease, LeaseVerdict } from '../../domain/protocol.ts';
import { assignmentSchema, errorReportSchema, type LeaseRef } from '../../domain/task.ts';
import type * as wire from '../../proto/gen/grove/v1/agent.ts';
import { AgentStatus_State, GrantRequest_Direction, LeaseVerdict_Verdict } from '../../proto/gen/grove/v1/agent.ts';

/** Wire form <-> domain form, in this file only. A value the wire gains is a compile error or a `malformed-message` here, never a surprise further in. */

type WireOut = NonNullable<wire.AgentMessage['message']>;
type WireIn = NonNullable<wire.CoordinatorMessage['message']>;

/** Domain message -> wire message. Total: every domain message has a wire form. */
export function toWire(message: AgentMessage): wire.AgentMessage {
  return { message: bodyOf(message) };
}

function bodyOf(message: AgentMessage): WireOut {
  switch (message.type) {
    case 'hello':
      return { $case: 'hello', value: helloToWire(message) };
    case 'heartbeat':
      return { $case: 'heartbeat', value: heartbeatToWire(message) };
    case 'accept':
      return { $case: 'accept', value: { lease: message.lease } };
    case 'reject':
      return { $case: 'reject', value: { lease: message.lease, errorJson: JSON.stringify(message.error) } };
    case 'progress':
      return { $case: 'progress', value: { lease: message.lease, stage: message.stage, fraction: message.fraction, note: message.note } };
    case 'logChunk':
      return { $case: 'logChunk', value: { lease: message.lease, sequence: message.sequence, text: message.text } };
    case 'grantRequest':
      return { $case: 'grantRequest', value: grantRequestToWire(message) };
    case 'complete':
      return { $case: 'complete', value: { lease: message.lease, outcomeJson: JSON.stringify(message.outcome) } };
    case 'quarantine':
      return { $case: 'quarantine', value: { reason: message.reason, fix: message.fix } };
  }
}

function helloToWire(hello: Extract<AgentMessage, { type: 'hello' }>): wire.Hello {
  return {
    protocolVersion: hello.protocolVersion,
    agentVersion: hello.agentVersion,
    agentId: hello.agentId,
    instanceId: hello.instanceId,
    hostJson: JSON.stringify(hello.host),
    devicesJson: JSON.stringify(hello.devices),
    missingJson: JSON.stringify(hello.missing),
    status: statusToWire(hello.status),
    heldLeases: hello.heldLeases.map(heldLeaseToWire),
  };
}

function heartbeatToWire(heartbeat: Extract<AgentMessage, { type: 'heartbeat' }>): wire.Heartbeat {
  return {
    status: statusToWire(heartbeat.status),
    deviceStatesJson: JSON.stringify(heartbeat.deviceStates),
    renewals: [...heartbeat.renewals],
  };
}

function grantRequestToWire(request: Extract<AgentMessage, { type: 'grantRequest' }>): wire.GrantRequest {
  return { requestId: request.requestId, lease: request.lease, direction: DIRECTIONS[request.direction], blobs: [...request.blobs] };
}

const DIRECTIONS: Readonly<Record<'put' | 'get', GrantRequest_Direction>> = {
  put: GrantRequest_Direction.DIRECTION_PUT,
  get: GrantRequest_Direction.DIRECTION_GET,
};

const STATES: Readonly<Record<AgentStatus['state'], AgentStatus_State>> = {
  ready: AgentStatus_State.STATE_READY,
  'not-ready': AgentStatus_State.STATE_NOT_READY,
  draining: AgentStatus_State.STATE_DRAINING,
};

function statusToWire(status: AgentStatus): wire.AgentStatus {
  return { state: STATES[status.state], why: status.why };
}

function heldLeaseToWire(held: HeldLease): wire.HeldLease {
  return { lease: held.lease, stage: held.stage ?? '', resultPending: held.resultPending };
}

/** Wire message -> domain message. Throws `malformed-message` naming the message and the field. */
export function fromWire({ message }: wire.CoordinatorMessage): CoordinatorMessage {
  if (message === undefined) throw malformed('coordinator', 'it is empty or of a kind this version does not know');
  return messageOf(message);
}

function messageOf(message: WireIn): CoordinatorMessage {
  switch (message.$case) {
    case 'welcome':
      return { type: 'welcome', ...welcomeFields(message.value) };
    case 'assign':
      return { type: 'assign', assignment: parseJson('assign', message.value.assignmentJson, assignmentSchema) };
    case 'renewed':
      return { type: 'renewed', leases: message.value.leases.map((verdict) => verdictFrom('renewed', verdict)) };
    case 'grant':
      return {
        type: 'grant',
        requestId: message.value.requestId,
        grants: message.value.grants.map(grantFrom),
        error: errorFrom('grant', message.value.errorJson),
      };
    case 'completeAck':
      return {
        type: 'completeAck',
        lease: attemptFrom('completeAck', message.value.lease),
        recorded: message.value.recorded,
        error: errorFrom('completeAck', message.value.errorJson),
      };
    case 'cancel':
      return { type: 'cancel', lease: attemptFrom('cancel', message.value.lease), by: message.value.by };
    case 'revoke':
      return { type: 'revoke', lease: attemptFrom('revoke', message.value.lease), why: message.value.why };
    case 'drain':
      return { type: 'drain', why: message.value.why };
    case 'refused':
      return { type: 'refused', error: errorFrom('refused', message.value.errorJson) ?? unexplained('refused') };
  }
}

function welcomeFields(welcome: wire.Welcome) {
  const { protocolVersion, coordinatorVersion, sessionId, heartbeatMs } = welcome;
  if (heartbeatMs < 1) throw malformed('welcome', 'heartbeat_ms is 0');
  return {
    protocolVersion,
    coordinatorVersion,
    sessionId,
    heartbeatMs,
    leases: welcome.leases.map((verdict) => verdictFrom('welcome', verdict)),
  };
}

function verdictFrom(where: string, verdict: wire.LeaseVerdict): LeaseVerdict {
  const lease = attemptFrom(where, verdict.lease);
  switch (verdict.verdict) {
    case LeaseVerdict_Verdict.VERDICT_CONTINUE:
      return { lease, verdict: 'continue', durationMs: verdict.durationMs };
    case LeaseVerdict_Verdict.VERDICT_ABANDON:
      return { lease, verdict: 'abandon', durationMs: 0 };
    default:
      throw malformed(where, `verdict ${verdict.verdict} of task ${lease.taskId} is not known`);
  }
}

function attemptFrom(where: string, lease: wire.LeaseRef | undefined): Pick<LeaseRef, 'taskId' | 'attempt'> {
  if (lease === undefined || lease.taskId === '' || lease.attempt < 1) throw malformed(where, 'it names no lease');
  return { taskId: lease.taskId, attempt: lease.attempt };
}

const headersSchema = z.record(z.string().max(200), z.string().max(4_096));

const HTTP = /^https?:\/\//;
const urlSchema = z.string().max(8_192).regex(HTTP, 'it is not an http or https URL');

const grantSchema = z
  .strictObject({
    sha256: sha256Schema,
    present: z.boolean(),
    url: z.union([z.literal(''), urlSchema]),
    headers: headersSchema,
    parts: z.array(z.strictObject({ firstByte: z.int().min(0), sizeBytes: z.int().min(1), url: urlSchema, headers: headersSchema })),
    confirm: z.boolean(),
  })
  // With parts the whole has no URL, and while the store proves what was sent there is nothing to send.
  .refine((grant) => grant.present || grant.confirm || grant.url !== '', 'it says neither where the bytes go nor that they are there');

function grantFrom(grant: wire.Grant): Grant {
  return checked('grant', grantSchema, grant);
}

function errorFrom(where: string, json: string): ErrorReport | null {
  return json === '' ? null : parseJson(where, json, errorReportSchema);
}

function unexplained(message: string): ErrorReport {
  const { advice, fault, retryable } = ERRORS.internal;
  return { code: 'internal', message: `The coordinator sent ${message} without a reason.`, advice, fault, retryable };
}

function parseJson<T>(where: string, json: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw malformed(where, 'its document is not JSON', cause);
  }
  return checked(where, schema, value);
}

function checked<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw malformed(where, `${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'not valid'}`, result.error);
}

function malformed(message: string, problem: string, cause?: unknown): GroveError {
  return new GroveError('malformed-message', { message, problem }, { cause });
}
