import type { PolicyView } from '../../../api/policy.ts';
import { leasesIn } from '../../../domain/policy.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** How the farm shares its devices. */
export function policyHandlers({ store, clock }: Pick<RestDeps, 'store' | 'clock'>) {
  const view = async (): Promise<PolicyView> => {
    const [policy, counts] = await Promise.all([store.policy(), store.leaseCounts()]);
    return { policy, leases: leasesIn(counts) };
  };
  return {
    async policy() {
      return ok(await view());
    },
    async setPolicy({ body, principal }) {
      await store.setPolicy({ now: clock.now(), principal, policy: body });
      return ok(await view());
    },
  } satisfies Partial<Handlers>;
}
