import type { JobId } from '../../domain/names.ts';
import type { JobRecord, TaskStore } from '../store/task-store.ts';

/** Jobs read at once. */
const PAGE = 100;

/** Every job that has not ended, newest first: what a coordinator that starts has to catch up with. */
export async function runningJobs(store: Pick<TaskStore, 'jobs'>): Promise<readonly JobRecord[]> {
  const running: JobRecord[] = [];
  let before: JobId | undefined;
  for (;;) {
    const page: readonly JobRecord[] = await store.jobs({ limit: PAGE, ...(before !== undefined && { before }) });
    running.push(...page.filter(({ state }) => state === 'running'));
    before = page.at(-1)?.jobId;
    if (before === undefined || page.length < PAGE) return running;
  }
}
