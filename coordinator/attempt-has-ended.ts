import type { TaskStore } from './store/task-store.ts';

/** Whether nothing more comes of an attempt: it has ended, or never was. */
export async function attemptHasEnded(store: Pick<TaskStore, 'task'>, taskId: string, attempt: number): Promise<boolean> {
  const found = (await store.task(taskId))?.attempts.find((one) => one.attempt === attempt);
  return found === undefined || found.ended !== null;
}
