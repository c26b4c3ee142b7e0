import type { ErrorReport } from '../../../../domain/errors.ts';
import { GroveError } from '../../../../domain/errors.ts';
import type { Sha256 } from '../../../../domain/json.ts';
import type { LeaseCommand } from '../../task-store.ts';
import { attemptOf, endAttempt, isLive, outcomeDigest, retryOrEnd, staleToken } from '../attempts.ts';
import type { State } from '../state.ts';

/** leased -> pending: the agent would not take it. A repeat changes nothing. */
export function reject(state: State, command: LeaseCommand & { readonly error: ErrorReport }, sha256: Sha256): void {
  const { agentId, lease, error, now } = command;
  const { task, attempt } = attemptOf(state, agentId, lease);
  const outcome = outcomeDigest({ state: 'rejected', error }, sha256);
  if (!isLive(attempt)) {
    if (task.outcomes[lease.attempt] !== outcome) throw staleToken(lease);
    return;
  }
  if (attempt.acceptedAt !== null) throw new GroveError('illegal-transition', { taskId: lease.taskId, from: 'running', to: 'pending' });
  endAttempt(state, lease.taskId, { now, ended: { state: 'exception', error }, outcome });
  retryOrEnd(state, lease.taskId, { error, now });
}
