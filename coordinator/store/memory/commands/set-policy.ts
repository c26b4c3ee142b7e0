import type { SetPolicyCommand } from '../../task-store.ts';
import type { State } from '../state.ts';

/** From now on tasks are ordered and passed over by this policy. */
export function setPolicy(state: State, { policy }: SetPolicyCommand): void {
  state.policy = policy;
  state.revision += 1;
  state.effects.quotaFree = true;
}
