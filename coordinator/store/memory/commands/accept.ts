import type { LeaseCommand } from '../../task-store.ts';
import { acceptAttempt, attemptOf, isLive, staleToken } from '../attempts.ts';
import type { State } from '../state.ts';

/** leased -> running. A repeat changes nothing. */
export function accept(state: State, { agentId, lease, now }: LeaseCommand): void {
  const { attempt } = attemptOf(state, agentId, lease);
  if (!isLive(attempt)) throw staleToken(lease);
  if (attempt.acceptedAt === null) acceptAttempt(state, lease.taskId, now);
}
