import { LEASE_MS } from '../../../domain/constants.ts';
import { checkCuration, curate, UNCURATED } from '../../../domain/curation.ts';
import type { ErrorReport } from '../../../domain/errors.ts';
import { followEnd } from '../../../domain/job.ts';
import type { Sha256 } from '../../../domain/json.ts';
import type { LeaseVerdict } from '../../../domain/protocol.ts';
import type { AttemptOutcome, LeaseRef } from '../../../domain/task.ts';
import type {
  AcquireCommand,
  AddTasksCommand,
  CancelCommand,
  CompleteCommand,
  CurateCellCommand,
  ExpireCommand,
  HeartbeatCommand,
  HelloCommand,
  LeaseCommand,
  MarkAgentCommand,
  NewTask,
  SessionCommand,
  SetPolicyCommand,
  SubmitCommand,
} from '../task-store.ts';
import { circleIn } from './circle.ts';
import type { FunctionCall } from './functions.ts';
import { type AgentDocument, curationOf } from './records.ts';

/** Each command as the call of its function: what the function decides on is small and decoded, documents travel as texts. */

export function submitCall(command: SubmitCommand): FunctionCall {
  const { now, principal, jobId, idempotencyKey, requestDigest, spec, priority, tasks } = command;
  const key = `${principal.kind}:${principal.name}:${idempotencyKey}`;
  const follows = followEnd({ spec, submittedAt: now }) ?? undefined;
  return {
    name: 'submit',
    now,
    call: {
      jobId,
      key,
      idempotencyKey,
      requestDigest,
      submitter: principal.name,
      priority,
      follows,
      deadlineMs: spec.deadlineMs,
      ...describe(tasks),
    },
    texts: [JSON.stringify(spec), JSON.stringify(principal), ...textsOf(tasks)],
  };
}

export function addTasksCall({ now, jobId, tasks, links }: AddTasksCommand): FunctionCall {
  return {
    name: 'add_tasks',
    now,
    call: { jobId, links: links.map(({ taskId, needs }) => ({ taskId, needs })), ...describe(tasks) },
    texts: [...textsOf(tasks), ...links.map(({ spec }) => JSON.stringify(spec))],
  };
}

function describe(tasks: readonly NewTask[]) {
  return { tasks: tasks.map(description), circle: circleIn(tasks) };
}

function description({ taskId, spec, requirement, requirementDigest, needs, retry, endedAs }: NewTask) {
  return {
    id: taskId,
    kind: spec.kind,
    digest: requirementDigest,
    exclusive: requirement.exclusivity === 'exclusive',
    unit: requirement.unit,
    needs,
    max: retry.maxAttempts,
    endedAs: endedAs === undefined ? undefined : { state: endedAs.state, error: packReport(endedAs.error) },
  };
}

function textsOf(tasks: readonly NewTask[]): readonly string[] {
  return tasks.flatMap(({ spec, requirement }) => [JSON.stringify(spec), JSON.stringify(requirement)]);
}

/** The functions decide by code and whether another attempt helps; the report itself goes through as text. */
function packReport(error: ErrorReport) {
  return { code: error.code, retryable: error.retryable, json: JSON.stringify(error) };
}

export function helloCall(command: HelloCommand): FunctionCall {
  const { now, agentId, instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing, status, heldLeases } = command;
  const document: AgentDocument = { instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing };
  const matchable = devices.flatMap(({ name, profile: { labels } }) => {
    const digest = profileDigests[name];
    const { pool } = labels;
    return digest === undefined ? [] : [{ name, profile: digest, pool }];
  });
  const call = {
    agentId,
    instanceId,
    hostId: host.hostId,
    status: status.state,
    devices: matchable,
    held: heldLeases.map(({ lease }) => lease),
  };
  return { name: 'hello', now, call, texts: [JSON.stringify(document), JSON.stringify(status)] };
}

export function heartbeatCall({ now, agentId, sessionId, status, deviceStates, renewals }: HeartbeatCommand): FunctionCall {
  const call = { agentId, sessionId, status: status.state, renewals };
  return { name: 'heartbeat', now, call, texts: [JSON.stringify(status), JSON.stringify(deviceStates)] };
}

export function closeStreamCall({ now, agentId, sessionId }: SessionCommand): FunctionCall {
  return { name: 'close_stream', now, call: { agentId, sessionId } };
}

export function acquireCall({ now, agentId, sessionId, token }: AcquireCommand): FunctionCall {
  return { name: 'acquire', now, call: { agentId, sessionId, token } };
}

export function acceptCall({ now, agentId, lease }: LeaseCommand): FunctionCall {
  return { name: 'accept', now, call: { agentId, lease } };
}

export function rejectCall({ now, agentId, lease, error }: LeaseCommand & { readonly error: ErrorReport }, sha256: Sha256): FunctionCall {
  const outcome = sha256(JSON.stringify({ state: 'rejected', error }));
  return { name: 'reject', now, call: { agentId, lease, outcome, error: packReport(error) } };
}

export function completeCall({ now, agentId, lease, outcome }: CompleteCommand, sha256: Sha256): FunctionCall {
  // The large part is written once: it is digested and sent.
  const result = outcome.state === 'completed' ? JSON.stringify(outcome.result) : undefined;
  const digest = sha256(result === undefined ? JSON.stringify(outcome) : `completed ${result}`);
  const call = { agentId, lease, state: outcome.state, outcome: digest, ...factsOf(outcome) };
  return { name: 'complete', now, call, texts: result === undefined ? [] : [result] };
}

function factsOf(outcome: AttemptOutcome) {
  if (outcome.state === 'completed') return { kind: outcome.result.kind };
  return outcome.state === 'cancelled' ? {} : { error: packReport(outcome.error) };
}

export function markAgentCall({ now, principal, agentId, mark, yields = false }: MarkAgentCommand): FunctionCall {
  const { kind, reason, fix, until } = mark ?? {};
  const call = { agentId, by: principal.name, mark: mark === null ? undefined : { kind, reason, fix, till: until ?? undefined }, yields };
  return { name: 'mark_agent', now, call };
}

/** The function decides on numbers: absent limits are left out. */
export function setPolicyCall({ now, policy }: SetPolicyCommand): FunctionCall {
  return { name: 'set_policy', now, call: policy, texts: [JSON.stringify(policy)] };
}

/** @param before what is kept now, as it is written; '' for nothing. What cannot be read is replaced. Throws `invalid-request`. */
export function curateCellCall({ now, principal, cellId, change }: CurateCellCommand, before: string): FunctionCall {
  const after = curate(curationOf(before) ?? UNCURATED, change, { by: principal.name, at: now });
  checkCuration(after);
  return { name: 'curate_cell', now, call: { cellId }, texts: [before, JSON.stringify(after)] };
}

export function cancelJobCall({ now, principal, jobId }: CancelCommand): FunctionCall {
  return { name: 'cancel_job', now, call: { jobId, by: principal.name } };
}

export function expireCall({ now, items }: ExpireCommand): FunctionCall {
  return { name: 'expire', now, call: { items } };
}

/** One letter per lease: `1` continues, `0` is to be abandoned. */
export function verdictsOf(letters: string, leases: readonly LeaseRef[]): readonly LeaseVerdict[] {
  return leases.map(({ taskId, attempt }, index) => {
    const live = letters[index] === '1';
    return { lease: { taskId, attempt }, verdict: live ? 'continue' : 'abandon', durationMs: live ? LEASE_MS : 0 };
  });
}
