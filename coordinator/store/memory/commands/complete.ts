import { GroveError } from '../../../../domain/errors.ts';
import type { Sha256 } from '../../../../domain/json.ts';
import type { AttemptOutcome } from '../../../../domain/task.ts';
import type { CompleteAnswer, CompleteCommand } from '../../task-store.ts';
import { attemptOf, endAttempt, endStopped, type Held, isLive, outcomeDigest, retryOrEnd, staleToken } from '../attempts.ts';
import { closeBreaker, countFailure } from '../marks.ts';
import { type State, taskOf } from '../state.ts';
import { move } from '../tasks.ts';

/** Records an outcome once; also from `leased`, because an acceptance may be lost. */
export function complete(state: State, command: CompleteCommand, sha256: Sha256): CompleteAnswer {
  const { agentId, lease, outcome, now } = command;
  const held = attemptOf(state, agentId, lease);
  const digest = outcomeDigest(outcome, sha256);
  if (!isLive(held.attempt)) {
    if (held.task.outcomes[lease.attempt] !== digest) throw staleToken(lease);
    return { state: held.task.record.state, recorded: false };
  }
  checkKind(held, outcome);
  endAttempt(state, lease.taskId, { now, ended: endingOf(outcome), outcome: digest, accepted: true });
  judgeAgent(state, command);
  settle(state, held, command);
  return { state: taskOf(state, lease.taskId).record.state, recorded: true };
}

function checkKind({ task }: Held, outcome: AttemptOutcome): void {
  const { kind } = task.record.spec;
  if (outcome.state !== 'completed' || outcome.result.kind === kind) return;
  throw new GroveError('malformed-message', { message: 'complete', problem: `a ${kind} task cannot have a ${outcome.result.kind} result` });
}

function endingOf(outcome: AttemptOutcome) {
  const error = outcome.state === 'failed' || outcome.state === 'exception' ? outcome.error : null;
  return { state: outcome.state, error };
}

/** A cancelled attempt says nothing about its agent. */
function judgeAgent(state: State, { agentId, outcome, now }: CompleteCommand): void {
  if (outcome.state === 'exception') countFailure(state, agentId, { error: outcome.error, now });
  else if (outcome.state !== 'cancelled') closeBreaker(state, agentId);
}

function settle(state: State, { task, attempt }: Held, { outcome, now }: CompleteCommand): void {
  const { taskId } = task.record;
  if (task.stop !== null) endStopped(state, taskId, { stop: task.stop, now });
  else if (outcome.state === 'completed') move(state, taskId, { to: 'completed', now, patch: { result: outcome.result, error: null } });
  else if (outcome.state === 'failed') move(state, taskId, { to: 'failed', now, patch: { error: outcome.error } });
  else if (outcome.state === 'exception') retryOrEnd(state, taskId, { error: outcome.error, now });
  // Its canceller is gone: a new job wants the conversion after all.
  else if (attempt.cancelRequestedBy !== null) move(state, taskId, { to: 'pending', now });
  else retryOrEnd(state, taskId, { error: new GroveError('agent-shutdown', { agentId: attempt.agentId }).toReport(), now });
}
