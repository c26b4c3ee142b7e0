import { GroveError } from '../../../domain/errors.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { agentView } from '../views/agent-view.ts';

/** Lab machines. */
export function agentHandlers({ store, clock }: Pick<RestDeps, 'store' | 'clock'>) {
  const view = async (agentId: string) => {
    const agent = await store.agent(agentId);
    if (agent === undefined) throw new GroveError('not-found', { kind: 'agent', id: agentId });
    return ok(agentView(agent));
  };
  return {
    async agents() {
      const agents = await store.agents();
      return ok({ agents: agents.map(agentView).sort((a, b) => (a.agentId < b.agentId ? -1 : 1)) });
    },
    agent: ({ params: { agentId } }) => view(agentId),
    async markAgent({ params: { agentId }, body: { forMs, ...mark }, principal }) {
      const now = clock.now();
      await store.markAgent({ now, principal, agentId, mark: { ...mark, until: forMs === undefined ? null : now + forMs } });
      return view(agentId);
    },
    async unmarkAgent({ params: { agentId }, principal }) {
      await store.markAgent({ now: clock.now(), principal, agentId, mark: null });
      return view(agentId);
    },
  } satisfies Partial<Handlers>;
}
