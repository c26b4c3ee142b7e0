import { GroveError } from '../../../domain/errors.ts';
import type { AgentRecord, SessionCommand } from '../task-store.ts';
import { putAgent, type State, type StoredAgent } from './state.ts';

/** The agent of a current session. Throws `stale-session` when another has replaced it or it has ended. */
export function currentAgent(state: State, { agentId, sessionId }: SessionCommand): StoredAgent {
  const agent = state.agents.get(agentId);
  if (agent === undefined || agent.record.sessionId !== sessionId || agent.record.connection === 'offline') {
    throw new GroveError('stale-session', { agentId, sessionId });
  }
  return agent;
}

/** Stores an agent and tells of it when what a dispatcher cares about has changed. */
export function updateAgent(state: State, agent: StoredAgent): void {
  const before = state.agents.get(agent.record.agentId)?.record;
  putAgent(state, agent);
  const { agentId, connection, status, sessionId, mark } = agent.record;
  if (isNews(before, agent.record) || before?.sessionId !== sessionId) {
    state.effects.drafts.push({ type: 'agent', agentId, connection, status: status.state, mark: mark?.kind ?? null });
  }
}

function isNews(before: AgentRecord | undefined, after: AgentRecord): boolean {
  return before?.connection !== after.connection || before.status.state !== after.status.state || before.mark?.kind !== after.mark?.kind;
}

/** Whether an agent may be given a task. */
export function takesWork({ connection, status, mark }: AgentRecord): boolean {
  return connection === 'connected' && status.state === 'ready' && mark === null;
}
