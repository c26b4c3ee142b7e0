import { decode } from '@msgpack/msgpack';
import { z } from 'zod';
import { type AgentMark, agentMarkSchema } from '../../../domain/agent-mark.ts';
import { type CellCuration, cellCurationSchema } from '../../../domain/curation.ts';
import { type ErrorCode, type ErrorParams, type ErrorReport, GroveError, isErrorCode } from '../../../domain/errors.ts';
import { jobStateSchema } from '../../../domain/job.ts';
import { prioritySchema } from '../../../domain/names.ts';
import type { AgentStatus } from '../../../domain/protocol.ts';
import { taskStateSchema } from '../../../domain/task-state.ts';
import type { AgentRecord, AttemptRecord, JobRecord, QueueSummary, TaskRecord } from '../task-store.ts';
import { bytesOf, listOf, numberOf, type Reply, textOf } from './functions.ts';

/** Hot records as the functions keep them (MessagePack), and the port's records made of them and of the cold documents beside them (JSON). */

/** An agent's own words (`json`), or a code and parameters of an error that the store itself reports. */
const reportSchema = z.object({
  code: z.string(),
  json: z.string().optional(),
  params: z.union([z.record(z.string(), z.union([z.string(), z.number()])), z.array(z.never())]).optional(),
});

const attemptSchema = z.object({
  n: z.number(),
  agent: z.string(),
  host: z.string(),
  device: z.string(),
  token: z.string(),
  leased: z.number(),
  /** Once it has ended; until then its alarm has it. */
  till: z.number().optional(),
  accept_by: z.number().optional(),
  accepted: z.number().optional(),
  ended: z.number().optional(),
  state: z.enum(['completed', 'failed', 'exception', 'cancelled']).optional(),
  error: reportSchema.optional(),
  told: z.string().optional(),
});
type HotAttempt = z.infer<typeof attemptSchema>;

const taskSchema = z.object({
  state: taskStateSchema,
  priority: prioritySchema,
  submitter: z.string(),
  digest: z.string(),
  needs: z.array(z.string()),
  max: z.number(),
  jobs: z.array(z.string()),
  error: reportSchema.optional(),
  created: z.number(),
  enqueued: z.number().optional(),
  ended: z.number().optional(),
  avoid: z.object({ host: z.string(), till: z.number() }).optional(),
  attempts: z.array(attemptSchema),
});

const jobSchema = z.object({
  state: jobStateSchema,
  counts: z.array(z.number()).length(taskStateSchema.options.length),
  submitted: z.number(),
  ended: z.number().optional(),
  priority: prioritySchema,
  follows: z.number().optional(),
});

const markSchema = z.object({
  kind: agentMarkSchema.shape.kind,
  by: z.string(),
  reason: z.string(),
  /** Of a person's mark; the circuit breaker's says what the last error advises. */
  fix: z.string().optional(),
  report: reportSchema.optional(),
  since: z.number(),
  till: z.number().optional(),
});

const agentSchema = z.object({
  session: z.number(),
  connection: z.enum(['connected', 'closing', 'offline']),
  seen: z.number(),
  connected: z.number(),
  leases: z.array(z.object({ task: z.string(), attempt: z.number(), device: z.string() })),
  mark: markSchema.optional(),
  failures: z.number().optional(),
  trips: z.number().optional(),
});

/** What only a hello changes of an agent. */
export type AgentDocument = Pick<
  AgentRecord,
  'instanceId' | 'agentVersion' | 'coordinatorId' | 'host' | 'devices' | 'profileDigests' | 'missing'
>;

/** A document that this store has written itself. */
function documentOf<T>(reply: Reply | undefined): T {
  const value: T = JSON.parse(textOf(reply));
  return value;
}

/** Fields of `task_fields` in `functions/queries.lua`; undefined for a task that does not exist. */
export function taskOf(reply: Reply): TaskRecord | undefined {
  const [id, hot, spec, requirement, result, leaseEnd] = listOf(reply);
  if (id === undefined) return undefined;
  const task = taskSchema.parse(decode(bytesOf(hot)));
  const leasedUntil = bytesOf(leaseEnd).length === 0 ? undefined : numberOf(leaseEnd);
  return {
    taskId: textOf(id),
    jobIds: task.jobs,
    spec: documentOf(spec),
    requirement: documentOf(requirement),
    requirementDigest: task.digest,
    needs: task.needs,
    priority: task.priority,
    submitter: task.submitter,
    state: task.state,
    error: reportOf(task.error),
    createdAt: task.created,
    enqueuedAt: task.enqueued ?? null,
    endedAt: task.ended ?? null,
    attempts: task.attempts.map((attempt) => attemptOf(attempt, leasedUntil)),
    retry: { maxAttempts: task.max },
    avoid: task.avoid === undefined ? null : { hostId: task.avoid.host, until: task.avoid.till },
    result: bytesOf(result).length === 0 ? null : documentOf(result),
  };
}

function attemptOf(attempt: HotAttempt, leasedUntil: number | undefined): AttemptRecord {
  const { n, agent, host, device, token, leased, till, accept_by, accepted, ended, state, error, told } = attempt;
  return {
    attempt: n,
    agentId: agent,
    hostId: host,
    deviceName: device,
    token,
    leasedAt: leased,
    leasedUntil: till ?? leasedUntil ?? leased,
    acceptBy: accept_by ?? null,
    acceptedAt: accepted ?? null,
    endedAt: ended ?? null,
    ended: state === undefined ? null : { state, error: reportOf(error) },
    cancelRequestedBy: told ?? null,
  };
}

function reportOf(report: z.infer<typeof reportSchema> | undefined): ErrorReport | null {
  if (report === undefined) return null;
  if (report.json !== undefined) return JSON.parse(report.json);
  const code: string = report.code;
  if (!isErrorCode(code)) throw new Error(`the store holds the unknown error ${code}`);
  // The functions raise each of their codes with the parameters its message names.
  return new GroveError(code, (report.params ?? {}) as ErrorParams<ErrorCode>).toReport();
}

/** Fields of `job_fields`; undefined for a job that does not exist. */
export function jobOf(reply: Reply): JobRecord | undefined {
  const [id, hot, spec, principal, taskIds] = listOf(reply);
  if (id === undefined) return undefined;
  const { state, counts, submitted, ended, priority, follows } = jobSchema.parse(decode(bytesOf(hot)));
  return {
    jobId: textOf(id),
    principal: documentOf(principal),
    submittedAt: submitted,
    endedAt: ended ?? null,
    spec: documentOf(spec),
    priority,
    taskIds: listOf(taskIds).map(textOf),
    state,
    counts: countsOf(counts),
    followsUntil: follows ?? null,
  };
}

/** Counts in the order of the states of domain/task-state.ts, as the functions keep them. */
export function countsOf(counts: readonly number[]): JobRecord['counts'] {
  const [waiting = 0, pending = 0, leased = 0, running = 0, completed = 0, failed = 0, exception = 0, cancelled = 0] = counts;
  return { waiting, pending, leased, running, completed, failed, exception, cancelled };
}

/** Fields of `agent_fields`; undefined for an agent that has never said hello. */
export function agentOf(reply: Reply): AgentRecord | undefined {
  const [id, hot, document, status, states] = listOf(reply);
  if (id === undefined) return undefined;
  const { session, connection, seen, connected, leases, mark, failures = 0, trips = 0 } = agentSchema.parse(decode(bytesOf(hot)));
  const { instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing } = documentOf<AgentDocument>(document);
  return {
    agentId: textOf(id),
    instanceId,
    agentVersion,
    coordinatorId,
    host,
    devices,
    profileDigests,
    missing,
    status: documentOf<AgentStatus>(status),
    mark: mark === undefined ? null : markOf(mark),
    breaker: { inARow: failures, trips },
    deviceStates: documentOf(states),
    leases: leases.map(({ task, attempt, device }) => ({ taskId: task, attempt, deviceName: device })),
    sessionId: session,
    connection,
    lastSeenAt: seen,
    connectedAt: connected,
  };
}

function markOf({ kind, by, reason, fix, report, since, till }: z.infer<typeof markSchema>): AgentMark {
  return { kind, by, reason, fix: fix ?? reportOf(report)?.advice ?? '', since, until: till ?? null };
}

export function queueOf(reply: Reply): QueueSummary {
  const [digest, requirement, oldestEnqueuedAt, ...live] = listOf(reply);
  const [urgent = 0, interactive = 0, sweep = 0] = live.map(numberOf);
  return {
    requirementDigest: textOf(digest),
    requirement: documentOf(requirement),
    pending: urgent + interactive + sweep,
    pendingBy: { urgent, interactive, sweep },
    oldestEnqueuedAt: numberOf(oldestEnqueuedAt),
  };
}

/** What is said about a cell; undefined for text that this version does not take. */
export function curationOf(text: string): CellCuration | undefined {
  try {
    return cellCurationSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
