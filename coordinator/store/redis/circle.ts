import type { TaskId } from '../../../domain/names.ts';
import type { NewTask } from '../task-store.ts';

/** A task among these that waits for itself through others of them; undefined when there is none. */
export function circleIn(tasks: readonly Pick<NewTask, 'taskId' | 'needs'>[]): TaskId | undefined {
  const fresh = new Map(tasks.map(({ taskId, needs }) => [taskId, needs]));
  const done = new Set<TaskId>();
  const visit = (taskId: TaskId, above: ReadonlySet<TaskId>): TaskId | undefined => {
    if (above.has(taskId)) return taskId;
    const needs = done.has(taskId) ? [] : (fresh.get(taskId) ?? []);
    for (const need of needs) {
      const found = fresh.has(need) ? visit(need, new Set([...above, taskId])) : undefined;
      if (found !== undefined) return found;
    }
    done.add(taskId);
    return undefined;
  };
  for (const taskId of fresh.keys()) {
    const found = visit(taskId, new Set());
    if (found !== undefined) return found;
  }
  return undefined;
}
