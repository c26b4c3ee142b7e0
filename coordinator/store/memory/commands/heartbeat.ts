import { LEASE_MS } from '../../../../domain/constants.ts';
import type { LeaseVerdict } from '../../../../domain/protocol.ts';
import type { LeaseRef } from '../../../../domain/task.ts';
import type { HeartbeatAnswer, HeartbeatCommand } from '../../task-store.ts';
import { currentAgent, updateAgent } from '../agents.ts';
import { liveAttemptOf, patchAttempt } from '../attempts.ts';
import { holdsOf, reviewReservation, vacate } from '../exclusivity.ts';
import type { State } from '../state.ts';

/** Renews the leases an agent names and stores its momentary state. */
export function heartbeat(state: State, command: HeartbeatCommand): HeartbeatAnswer {
  const agent = currentAgent(state, command);
  const { now, status, deviceStates, renewals } = command;
  updateAgent(state, { ...agent, record: { ...agent.record, status, deviceStates, lastSeenAt: now } });
  releaseDisowned(state, command);
  if (status.state !== agent.record.status.state) reviewReservation(state, agent.record.host.hostId);
  return { verdicts: renewals.map((lease) => renew(state, command, lease)) };
}

function renew(state: State, { agentId, now }: HeartbeatCommand, lease: LeaseRef): LeaseVerdict {
  const ref = { taskId: lease.taskId, attempt: lease.attempt };
  if (liveAttemptOf(state, agentId, lease) === undefined) return { lease: ref, verdict: 'abandon', durationMs: 0 };
  patchAttempt(state, lease.taskId, { leasedUntil: now + LEASE_MS });
  return { lease: ref, verdict: 'continue', durationMs: LEASE_MS };
}

/** An ended lease that the agent no longer lists does not hold its host any longer. */
function releaseDisowned(state: State, { agentId, renewals }: HeartbeatCommand): void {
  const hostId = state.agents.get(agentId)?.record.host.hostId;
  if (hostId === undefined) return;
  for (const { taskId, attempt } of holdsOf(state, hostId, agentId)) {
    const listed = renewals.some((lease) => lease.taskId === taskId && lease.attempt === attempt);
    if (!listed) vacate(state, { hostId, taskId, attempt });
  }
}
