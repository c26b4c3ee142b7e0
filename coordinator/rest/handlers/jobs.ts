import { GroveError } from '../../../domain/errors.ts';
import type { JobRecord } from '../../store/task-store.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { jobView } from '../views/job-page.ts';
import { jobSummary } from '../views/job-view.ts';
import { listJobs } from './list-jobs.ts';

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
    async rerun({ body, headers, principal }) {
      const answer = await jobs.rerun(body, { principal, idempotencyKey: headers['idempotency-key'] });
      return { status: answer.created ? 201 : 200, body: answer };
    },
    async jobs({ query }) {
      const { jobs: found, next } = await listJobs(store, query);
      return ok({ jobs: found.map(jobSummary), next });
    },
    async job({ params: { jobId }, query }) {
      return ok(await jobView(await find(jobId), { ...query, estimate: query.estimate === '1' }, { store, progress, jobs }));
    },
    async cancelJob({ params: { jobId }, principal }) {
      const { cancelledTasks, running } = await jobs.cancel(jobId, principal);
      return ok({ cancelled: new Set([...cancelledTasks, ...running.map(({ taskId }) => taskId)]).size });
    },
    async lostJobs() {
      return ok({ jobs: [...(await jobs.lost())] });
    },
    async recoverJob({ params: { jobId } }) {
      return ok({ jobId, recovered: await jobs.recover(jobId) });
    },
    async explainJob({ params: { jobId } }) {
      await find(jobId);
      return ok(await jobs.explain(jobId));
    },
  } satisfies Partial<Handlers>;
}
