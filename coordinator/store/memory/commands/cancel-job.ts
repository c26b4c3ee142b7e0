import { GroveError } from '../../../../domain/errors.ts';
import type { CancelAnswer, CancelCommand } from '../../task-store.ts';
import { viewOf } from '../jobs.ts';
import { jobOf, type State, type StoredJob } from '../state.ts';
import { stopJob, stoppedAttempts } from '../stop-job.ts';

/** Cancels what has not ended. A repeat changes nothing and gives the same answer. */
export function cancelJob(state: State, { jobId, principal, now }: CancelCommand): CancelAnswer {
  if (!state.jobs.has(jobId)) throw new GroveError('not-found', { kind: 'job', id: jobId });
  stopJob(state, jobId, { stop: { by: principal.name, deadlineMs: null }, now });
  return answerFor(state, jobOf(state, jobId));
}

function answerFor(state: State, job: StoredJob): CancelAnswer {
  const views = job.record.taskIds.flatMap((taskId) => viewOf(state, job, taskId) ?? []);
  const cancelledTasks = views.filter((view) => view.state === 'cancelled').map(({ taskId }) => taskId);
  return { cancelledTasks, running: stoppedAttempts(state, job) };
}
