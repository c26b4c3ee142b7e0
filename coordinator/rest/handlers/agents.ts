import { GroveError } from '../../../domain/errors.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { agentView } from '../views/agent-view.ts';

/** Lab machines. */
export function agentHandlers({ store }: Pick<RestDeps, 'store'>) {
  return {
    async agents() {
      const agents = await store.agents();
      return ok({ agents: agents.map(agentView).sort((a, b) => (a.agentId < b.agentId ? -1 : 1)) });
    },
    async agent({ params: { agentId } }) {
      const agent = await store.agent(agentId);
      if (agent === undefined) throw new GroveError('not-found', { kind: 'agent', id: agentId });
      return ok(agentView(agent));
    },
  } satisfies Partial<Handlers>;
}
