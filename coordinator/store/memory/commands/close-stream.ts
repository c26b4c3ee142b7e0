import type { SessionCommand } from '../../task-store.ts';
import { updateAgent } from '../agents.ts';
import { sessionDeadline, watch } from '../deadlines.ts';
import { reviewReservation } from '../exclusivity.ts';
import type { State, StoredAgent } from '../state.ts';

/** The agent has its grace to come back. No-op unless this session is current and its stream was open. */
export function closeStream(state: State, { agentId, sessionId, now }: SessionCommand): void {
  const agent = state.agents.get(agentId);
  if (agent?.record.sessionId !== sessionId || agent.record.connection !== 'connected') return;
  const closing: StoredAgent = { ...agent, record: { ...agent.record, connection: 'closing' }, closedAt: now };
  updateAgent(state, closing);
  watch(state, { kind: 'session', agentId, sessionId }, sessionDeadline(closing) ?? now);
  reviewReservation(state, agent.record.host.hostId);
}
