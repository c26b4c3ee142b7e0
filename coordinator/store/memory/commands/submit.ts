import { GroveError } from '../../../../domain/errors.ts';
import { followEnd } from '../../../../domain/job.ts';
import type { SubmitAnswer, SubmitCommand } from '../../task-store.ts';
import { watchJob } from '../deadlines.ts';
import { NO_TASKS, settleJob } from '../jobs.ts';
import { addTasksToJob, checkNewTasks } from '../new-tasks.ts';
import { jobOf, putJob, type State } from '../state.ts';

/** Records a job and its tasks once per idempotency key of a principal. */
export function submit(state: State, command: SubmitCommand): SubmitAnswer {
  const key = submitKey(command);
  const earlier = state.submits.get(key);
  if (earlier !== undefined) {
    if (earlier.requestDigest !== command.requestDigest) throw new GroveError('idempotency-conflict', { key: command.idempotencyKey });
    return { jobId: earlier.jobId, created: false };
  }
  if (state.jobs.has(command.jobId)) throw new GroveError('idempotency-conflict', { key: command.jobId });
  checkNewTasks(state, command.tasks);
  state.submits.set(key, { jobId: command.jobId, requestDigest: command.requestDigest });
  createJob(state, command);
  addTasksToJob(state, command);
  // A job without tasks has ended; with tasks their counts have settled it.
  const job = jobOf(state, command.jobId);
  putJob(state, { ...job, record: settleJob(job.record, command.now) });
  watchJob(state, command.jobId);
  return { jobId: command.jobId, created: true };
}

function submitKey({ principal, idempotencyKey }: SubmitCommand): string {
  return `${principal.kind}:${principal.name}:${idempotencyKey}`;
}

function createJob(state: State, { jobId, principal, now, spec, priority }: SubmitCommand): void {
  const record = {
    jobId,
    principal,
    submittedAt: now,
    endedAt: null,
    spec,
    priority,
    taskIds: [],
    state: 'running',
    counts: NO_TASKS,
    followsUntil: followEnd({ spec, submittedAt: now }),
  } as const;
  putJob(state, { record, ordinal: state.jobOrder.length, cancelledBy: null, detached: {} });
  state.jobOrder.push(jobId);
  state.effects.jobs.add(jobId);
}
