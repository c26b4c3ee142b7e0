import { CLOSED_BREAKER } from '../../../../domain/agent-mark.ts';
import { LEASE_MS, SILENCE_MS } from '../../../../domain/constants.ts';
import { GroveError } from '../../../../domain/errors.ts';
import type { AgentId, HostId } from '../../../../domain/names.ts';
import type { EpochMs } from '../../../../domain/ports.ts';
import type { HeldLease, LeaseVerdict } from '../../../../domain/protocol.ts';
import type { AgentRecord, HelloAnswer, HelloCommand } from '../../task-store.ts';
import { updateAgent } from '../agents.ts';
import { acceptAttempt, currentAttempt, endAttempt, endStopped, type Held, liveAttemptOf, patchAttempt, retryOrEnd } from '../attempts.ts';
import { watch } from '../deadlines.ts';
import { holdsOf, reviewReservation, vacate } from '../exclusivity.ts';
import { countFailure } from '../marks.ts';
import { putHost, type State, type StoredHost } from '../state.ts';
import type { Stop } from '../stop.ts';

/** Begins a session: the agent's earlier ones become stale, and both sides agree on the leases it holds. */
export function hello(state: State, command: HelloCommand): HelloAnswer {
  refuseClone(state, command);
  const formerHostId = state.agents.get(command.agentId)?.record.host.hostId;
  state.counters.session += 1;
  const sessionId = state.counters.session;
  joinHost(state, command.host.hostId, command.agentId);
  const lastToken = state.agents.get(command.agentId)?.lastToken ?? null;
  updateAgent(state, { record: recordOf(state, command, sessionId), closedAt: null, lastToken });
  watch(state, { kind: 'session', agentId: command.agentId, sessionId }, command.now + SILENCE_MS);
  const verdicts = command.heldLeases.map((held) => judge(state, command, held));
  dropUnheld(state, command);
  for (const hostId of new Set([formerHostId ?? command.host.hostId, command.host.hostId])) {
    disownHolds(state, hostId, command);
    if (hostId !== command.host.hostId) leaveHost(state, hostId, command.agentId);
    reviewReservation(state, hostId);
  }
  return { sessionId, verdicts };
}

function refuseClone(state: State, { agentId, instanceId, now }: HelloCommand): void {
  const present = state.agents.get(agentId)?.record;
  const alive = present?.connection === 'connected' && now - present.lastSeenAt < SILENCE_MS;
  if (alive && present.instanceId !== instanceId) throw new GroveError('duplicate-agent', { agentId });
}

function recordOf(state: State, command: HelloCommand, sessionId: number): AgentRecord {
  const { now, agentId, instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing, status } = command;
  const before = state.agents.get(agentId)?.record;
  const described = { agentId, instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing, status };
  const momentary = { deviceStates: before?.deviceStates ?? {}, leases: before?.leases ?? [] };
  const kept = { mark: before?.mark ?? null, breaker: before?.breaker ?? CLOSED_BREAKER };
  return { ...described, ...momentary, ...kept, sessionId, connection: 'connected', lastSeenAt: now, connectedAt: now };
}

function joinHost(state: State, hostId: HostId, agentId: AgentId): void {
  const host: StoredHost = state.hosts.get(hostId) ?? { hostId, agentIds: [], leases: [], reservedFor: null, served: [] };
  if (!host.agentIds.includes(agentId)) putHost(state, { ...host, agentIds: [...host.agentIds, agentId] });
}

function leaveHost(state: State, hostId: HostId, agentId: AgentId): void {
  const host = state.hosts.get(hostId);
  if (host !== undefined) putHost(state, { ...host, agentIds: host.agentIds.filter((other) => other !== agentId) });
}

/** A lease in force continues, with a full duration; holding it proves that it was accepted. Everything else is abandoned. */
function judge(state: State, { agentId, now }: HelloCommand, { lease }: HeldLease): LeaseVerdict {
  const ref = { taskId: lease.taskId, attempt: lease.attempt };
  const held = liveAttemptOf(state, agentId, lease);
  if (held === undefined) return { lease: ref, verdict: 'abandon', durationMs: 0 };
  if (held.task.stop !== null) return abandonStopped(state, held, { stop: held.task.stop, now });
  patchAttempt(state, lease.taskId, { leasedUntil: now + LEASE_MS });
  if (held.attempt.acceptedAt === null) acceptAttempt(state, lease.taskId, now);
  return { lease: ref, verdict: 'continue', durationMs: LEASE_MS };
}

/** The host stays taken until the agent, which now learns of it, has stopped. */
function abandonStopped(
  state: State,
  { task, attempt }: Held,
  { stop, now }: { readonly stop: Stop; readonly now: EpochMs },
): LeaseVerdict {
  const { taskId } = task.record;
  endAttempt(state, taskId, { now, ended: { state: 'cancelled', error: null }, outOfReach: true });
  endStopped(state, taskId, { stop, now });
  return { lease: { taskId, attempt: attempt.attempt }, verdict: 'abandon', durationMs: 0 };
}

/** Leases the store counts but the agent does not hold: an assignment that never arrived goes back, accepted work is lost. */
function dropUnheld(state: State, { agentId, now, heldLeases }: HelloCommand): void {
  const reported = new Set(heldLeases.map(({ lease }) => `${lease.taskId}/${lease.attempt}/${lease.token}`));
  for (const { taskId } of state.agents.get(agentId)?.record.leases ?? []) {
    const held = currentAttempt(state, taskId);
    if (held === undefined || reported.has(`${taskId}/${held.attempt.attempt}/${held.attempt.token}`)) continue;
    const error =
      held.attempt.acceptedAt === null
        ? new GroveError('not-accepted', {}).toReport()
        : new GroveError('agent-lost', { agentId }).toReport();
    endAttempt(state, taskId, { now, ended: { state: 'exception', error } });
    if (held.attempt.acceptedAt !== null) countFailure(state, agentId, { error, now });
    retryOrEnd(state, taskId, { error, now });
  }
}

/** Ended leases that the agent does not hold either: nothing of them runs on the host any more. */
function disownHolds(state: State, hostId: HostId, { agentId, heldLeases }: HelloCommand): void {
  for (const { taskId, attempt } of holdsOf(state, hostId, agentId)) {
    const stillHeld = heldLeases.some(({ lease }) => lease.taskId === taskId && lease.attempt === attempt);
    if (!stillHeld) vacate(state, { hostId, taskId, attempt });
  }
}
