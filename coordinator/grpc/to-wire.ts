import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { type ErrorReport, GroveError } from '../../domain/errors.ts';
import type { CoordinatorMessage, LeaseVerdict } from '../../domain/protocol.ts';
import type { LeaseRef } from '../../domain/task.ts';
import {
  LeaseVerdict_Verdict,
  CoordinatorMessage as WireCoordinatorMessage,
  type LeaseRef as WireLeaseRef,
  type LeaseVerdict as WireLeaseVerdict,
} from '../../proto/gen/grove/v1/agent.ts';

type WireMessage = NonNullable<WireCoordinatorMessage['message']>;

/** One message in wire form. Throws `message-too-large`: an agent would have to drop the stream on it. */
export function writeCoordinatorMessage(message: CoordinatorMessage): Buffer {
  const bytes = Buffer.from(WireCoordinatorMessage.encode({ message: toWire(message) }).finish());
  if (bytes.length > MAX_MESSAGE_BYTES)
    throw new GroveError('message-too-large', { sizeBytes: bytes.length, limitBytes: MAX_MESSAGE_BYTES });
  return bytes;
}

function toWire(message: CoordinatorMessage): WireMessage {
  switch (message.type) {
    case 'welcome': {
      const { protocolVersion, coordinatorVersion, sessionId, heartbeatMs } = message;
      return {
        $case: 'welcome',
        value: { protocolVersion, coordinatorVersion, sessionId, heartbeatMs, leases: message.leases.map(verdictToWire) },
      };
    }
    case 'assign':
      return { $case: 'assign', value: { assignmentJson: JSON.stringify(message.assignment) } };
    case 'renewed':
      return { $case: 'renewed', value: { leases: message.leases.map(verdictToWire) } };
    case 'grant': {
      const grants = message.grants.map((grant) => ({
        ...grant,
        headers: { ...grant.headers },
        parts: grant.parts.map((part) => ({ ...part, headers: { ...part.headers } })),
      }));
      return { $case: 'grant', value: { requestId: message.requestId, grants, errorJson: errorToJson(message.error) } };
    }
    case 'completeAck':
      return {
        $case: 'completeAck',
        value: { lease: leaseToWire(message.lease), recorded: message.recorded, errorJson: errorToJson(message.error) },
      };
    case 'cancel':
      return { $case: 'cancel', value: { lease: leaseToWire(message.lease), by: message.by } };
    case 'revoke':
      return { $case: 'revoke', value: { lease: leaseToWire(message.lease), why: message.why } };
    case 'drain':
      return { $case: 'drain', value: { why: message.why } };
    case 'refused':
      return { $case: 'refused', value: { errorJson: errorToJson(message.error) } };
  }
}

function errorToJson(error: ErrorReport | null): string {
  return error === null ? '' : JSON.stringify(error);
}

/** Tokens stay out of messages to the agent: it knows its own. */
function leaseToWire({ taskId, attempt }: Pick<LeaseRef, 'taskId' | 'attempt'>): WireLeaseRef {
  return { taskId, attempt, token: '' };
}

function verdictToWire({ lease, verdict, durationMs }: LeaseVerdict): WireLeaseVerdict {
  return {
    lease: leaseToWire(lease),
    verdict: verdict === 'continue' ? LeaseVerdict_Verdict.VERDICT_CONTINUE : LeaseVerdict_Verdict.VERDICT_ABANDON,
    durationMs: Math.max(0, Math.floor(durationMs)),
  };
}
