import { ACCEPT_MS, LEASE_MS } from '../../../../domain/constants.ts';
import type { Assignment } from '../../../../domain/task.ts';
import type { AcquireCommand, Acquired, AttemptRecord, TaskRecord } from '../../task-store.ts';
import { currentAgent, takesWork } from '../agents.ts';
import { choose } from '../choose.ts';
import { watch } from '../deadlines.ts';
import { occupy, reserve } from '../exclusivity.ts';
import { holdQuota, poolOf } from '../quotas.ts';
import { putAgent, type State, type StoredAgent, taskOf } from '../state.ts';
import { move } from '../tasks.ts';

/** Leases the best pending task that the agent's host has room for. A blocked exclusive task that would be next reserves the host instead. */
export function acquire(state: State, command: AcquireCommand): Acquired | undefined {
  const agent = currentAgent(state, command);
  if (agent.lastToken === command.token) return leaseWithToken(state, agent, command.token);
  if (!takesWork(agent.record)) return undefined;
  const choice = choose(state, agent.record, command.now);
  if (choice === undefined) return undefined;
  if (choice.kind === 'reserve') {
    reserve(state, agent.record.host.hostId, choice.taskId);
    return undefined;
  }
  return lease(state, agent, { ...choice, command });
}

function leaseWithToken(state: State, { record }: StoredAgent, token: string): Acquired | undefined {
  for (const { taskId } of record.leases) {
    const task = taskOf(state, taskId).record;
    const attempt = task.attempts.at(-1);
    if (attempt?.token === token) return acquired(state, task, attempt);
  }
  return undefined;
}

interface LeaseRequest {
  readonly taskId: string;
  readonly deviceName: string;
  readonly command: AcquireCommand;
}

function lease(state: State, agent: StoredAgent, { taskId, deviceName, command }: LeaseRequest): Acquired {
  const { agentId } = agent.record;
  const { hostId } = agent.record.host;
  const { record, attemptBase } = taskOf(state, taskId);
  const attempt = newAttempt(command, { agentId, hostId, deviceName, attempt: attemptBase + record.attempts.length + 1 });
  const leased = move(state, taskId, { to: 'leased', now: command.now, patch: { attempts: [...record.attempts, attempt] } }).record;
  holdQuota(state, taskId, poolOf(agent.record, deviceName));
  const { exclusivity } = record.requirement;
  occupy(state, hostId, { taskId, attempt: attempt.attempt, agentId, exclusivity, heldUntil: null, submitter: record.submitter });
  const leases = [...agent.record.leases, { taskId, attempt: attempt.attempt, deviceName }];
  putAgent(state, { ...agent, lastToken: command.token, record: { ...agent.record, leases } });
  watch(state, { kind: 'lease', taskId, attempt: attempt.attempt }, attempt.leasedUntil);
  watch(state, { kind: 'accept', taskId, attempt: attempt.attempt }, command.now + ACCEPT_MS);
  return acquired(state, leased, attempt);
}

function newAttempt(
  { now, token }: AcquireCommand,
  where: Pick<AttemptRecord, 'agentId' | 'hostId' | 'deviceName' | 'attempt'>,
): AttemptRecord {
  const times = { leasedAt: now, leasedUntil: now + LEASE_MS, acceptBy: now + ACCEPT_MS, acceptedAt: null, endedAt: null };
  return { ...where, ...times, token, ended: null, cancelRequestedBy: null };
}

function acquired(state: State, task: TaskRecord, attempt: AttemptRecord): Acquired {
  const assignment: Assignment = {
    lease: { taskId: task.taskId, attempt: attempt.attempt, token: attempt.token },
    leaseMs: LEASE_MS,
    acceptMs: ACCEPT_MS,
    deviceName: attempt.deviceName,
    spec: task.spec,
    conversion: conversionFor(state, task),
  };
  return { assignment, leasedUntil: attempt.leasedUntil };
}

/** What the conversion that a benchmark needs has produced. */
function conversionFor(state: State, { spec, needs }: TaskRecord): Assignment['conversion'] {
  if (spec.kind !== 'benchmark') return null;
  const results = needs.map((need) => taskOf(state, need).record.result);
  const converted = results.find((result) => result?.kind === 'convert');
  return converted?.kind === 'convert' ? { artifact: converted.artifact, reference: converted.reference } : null;
}
