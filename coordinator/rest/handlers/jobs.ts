import { GroveError } from '../../../domain/errors.ts';
import type { JobRecord } from '../../store/task-store.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { jobSummary } from '../views/job-view.ts';
import { taskSummary } from '../views/task-view.ts';

/** Submitting, listing, cancelling and explaining jobs. */
export function jobHandlers({ store, jobs, progress }: Pick<RestDeps, 'store' | 'jobs' | 'progress'>) {
  const find = async (jobId: string): Promise<JobRecord> => {
    const job = await store.job(jobId);
    if (job === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
    return job;
  };
  return {
    async submit({ body, headers, principal }) {
      const answer = await jobs.submit(body, { principal, idempotencyKey: headers['idempotency-key'] });
      return { status: answer.created ? 201 : 200, body: answer };
    },
    async jobs({ query: { limit, before } }) {
      const page = await store.jobs(before === undefined ? { limit } : { limit, before });
      return ok({ jobs: page.map(jobSummary) });
    },
    async job({ params: { jobId } }) {
      const job = await find(jobId);
      const tasks = await store.tasksOf(jobId);
      return ok({ ...jobSummary(job), tasks: tasks.map((task) => taskSummary(task, progress)) });
    },
    async cancelJob({ params: { jobId }, principal }) {
      const { cancelledTasks, running } = await jobs.cancel(jobId, principal);
      return ok({ cancelled: new Set([...cancelledTasks, ...running.map(({ taskId }) => taskId)]).size });
    },
    async explainJob({ params: { jobId } }) {
      await find(jobId);
      return ok(await jobs.explain(jobId));
    },
  } satisfies Partial<Handlers>;
}
