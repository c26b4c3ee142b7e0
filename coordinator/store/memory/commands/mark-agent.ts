import { GroveError } from '../../../../domain/errors.ts';
import type { MarkAgentCommand } from '../../task-store.ts';
import { closeBreaker, putMark, removeMark } from '../marks.ts';
import type { State } from '../state.ts';

/** Marks an agent, in place of an earlier mark, or removes its mark. */
export function markAgent(state: State, { agentId, mark, principal, now, yields = false }: MarkAgentCommand): void {
  if (!state.agents.has(agentId)) throw new GroveError('not-found', { kind: 'agent', id: agentId });
  if (yields && state.agents.get(agentId)?.record.mark?.until === null) return;
  if (mark !== null) {
    putMark(state, agentId, { ...mark, by: principal.name, since: now });
    return;
  }
  removeMark(state, agentId);
  closeBreaker(state, agentId);
}
