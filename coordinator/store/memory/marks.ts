import { type AgentMark, type Breaker, breakerAfterFailure, CLOSED_BREAKER } from '../../../domain/agent-mark.ts';
import type { ErrorReport } from '../../../domain/errors.ts';
import type { AgentId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { updateAgent } from './agents.ts';
import { watch } from './deadlines.ts';
import { reviewReservation } from './exclusivity.ts';
import type { State } from './state.ts';

/** Who marks an agent when nobody did. */
const BREAKER_NAME = 'grove';

/** From now on the agent gets no work. */
export function putMark(state: State, agentId: AgentId, mark: AgentMark): void {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return;
  updateAgent(state, { ...agent, record: { ...agent.record, mark } });
  if (mark.until !== null) watch(state, { kind: 'mark', agentId }, mark.until);
  reviewReservation(state, agent.record.host.hostId);
}

/** The agent may work again; its dispatcher hears of it. */
export function removeMark(state: State, agentId: AgentId): void {
  const agent = state.agents.get(agentId);
  if (agent === undefined || agent.record.mark === null) return;
  updateAgent(state, { ...agent, record: { ...agent.record, mark: null } });
  state.effects.freed.add(agent.record.host.hostId);
}

/** An accepted attempt of this agent ended as an exception. */
export function countFailure(state: State, agentId: AgentId, { error, now }: { readonly error: ErrorReport; readonly now: EpochMs }): void {
  const record = state.agents.get(agentId)?.record;
  if (record === undefined) return;
  const { breaker, quarantineMs } = breakerAfterFailure(record.breaker);
  if (quarantineMs === null || record.mark !== null) {
    putBreaker(state, agentId, quarantineMs === null ? breaker : record.breaker);
    return;
  }
  putBreaker(state, agentId, breaker);
  const reason = `its last ${record.breaker.inARow + 1} attempts ended as exceptions, the latest as ${error.code}`;
  putMark(state, agentId, { kind: 'quarantined', by: BREAKER_NAME, reason, fix: error.advice, since: now, until: now + quarantineMs });
}

/** An attempt of this agent ended well, or a person has recovered it. */
export function closeBreaker(state: State, agentId: AgentId): void {
  putBreaker(state, agentId, CLOSED_BREAKER);
}

function putBreaker(state: State, agentId: AgentId, breaker: Breaker): void {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return;
  const { inARow, trips } = agent.record.breaker;
  if (inARow !== breaker.inARow || trips !== breaker.trips) updateAgent(state, { ...agent, record: { ...agent.record, breaker } });
}
