import type { JobId } from '../../../domain/names.ts';
import type { ImportStore } from '../../imports/import-store.ts';
import type { TaskStore } from '../../store/task-store.ts';

/** Records read at once. */
const PAGE = 200;

export interface RootsDeps {
  readonly store: Pick<TaskStore, 'jobs' | 'tasksOf' | 'archives'>;
  readonly imports: Pick<ImportStore, 'models' | 'data'>;
}

/** Every document that names blobs in use: jobs and their tasks with what came of them, imports, and the names
 * of blobs in which the store itself keeps documents. Bounded memory: a page at a time. */
export async function* documentsInUse({ store, imports }: RootsDeps): AsyncGenerator<unknown> {
  yield* await imports.models();
  yield* await imports.data();
  yield* await store.archives();
  let before: JobId | undefined;
  for (;;) {
    const page = await store.jobs({ limit: PAGE, ...(before !== undefined && { before }) });
    for (const job of page) {
      yield job;
      yield* tasksOf(store, job.jobId);
    }
    before = page.at(-1)?.jobId;
    if (before === undefined || page.length < PAGE) return;
  }
}

async function* tasksOf(store: RootsDeps['store'], jobId: JobId): AsyncGenerator<unknown> {
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.tasksOf(jobId, { offset, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
  }
}
