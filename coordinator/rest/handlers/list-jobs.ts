import type { JobState } from '../../../domain/job.ts';
import type { JobId } from '../../../domain/names.ts';
import type { JobRecord, TaskStore } from '../../store/task-store.ts';

/** Jobs looked at for one page of a filtered list: the caller goes on from `next`. */
const MAX_LOOKED_AT = 2_000;

export interface JobsAsked {
  readonly limit: number;
  readonly before?: JobId;
  readonly state?: readonly JobState[];
  readonly submitter?: string;
}

export interface JobsFound {
  readonly jobs: readonly JobRecord[];
  /** Where to go on; null at the end. */
  readonly next: JobId | null;
}

/** Jobs newest first that match, from `before` on. */
export async function listJobs(store: Pick<TaskStore, 'jobs'>, asked: JobsAsked): Promise<JobsFound> {
  const jobs: JobRecord[] = [];
  let { before } = asked;
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; lookedAt += asked.limit) {
    const page = await store.jobs({ limit: asked.limit, ...(before !== undefined && { before }) });
    for (const job of page) {
      before = job.jobId;
      if (matches(job, asked)) jobs.push(job);
      if (jobs.length === asked.limit) return { jobs, next: before };
    }
    if (page.length < asked.limit) return { jobs, next: null };
  }
  return { jobs, next: before ?? null };
}

function matches({ state, principal }: JobRecord, asked: JobsAsked): boolean {
  return (asked.state?.includes(state) ?? true) && (asked.submitter ?? principal.name) === principal.name;
}
