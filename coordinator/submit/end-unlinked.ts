import type { GroveError } from '../../domain/errors.ts';
import type { AddTasksCommand, TaskRecord } from '../store/task-store.ts';

/**
 * Ends the benchmarks of a job whose conversions cannot be linked, with an error that would come again each time: every resolve task that has
 * completed gets a companion that has failed with it, and the benchmarks that wait for the resolve learn that they need the companion too. Pure and
 * idempotent; both lists are empty when nothing waits.
 */
export function endUnlinked(tasks: readonly TaskRecord[], error: GroveError): Pick<AddTasksCommand, 'tasks' | 'links'> {
  const ended = tasks.flatMap((task) => endBehind(task, { tasks, error }));
  return { tasks: ended.map(({ task }) => task), links: ended.flatMap(({ links }) => links) };
}

interface Ended {
  readonly task: AddTasksCommand['tasks'][number];
  readonly links: AddTasksCommand['links'];
}

function endBehind(resolve: TaskRecord, context: { readonly tasks: readonly TaskRecord[]; readonly error: GroveError }): readonly Ended[] {
  if (resolve.spec.kind !== 'resolve' || resolve.state !== 'completed') return [];
  const { spec, requirement, requirementDigest, retry } = resolve;
  const taskId = `${resolve.taskId}-unlinked`;
  const links = context.tasks
    .filter((task) => task.state === 'waiting' && task.needs.includes(resolve.taskId) && isUnlinked(task))
    .map((benchmark) => ({ taskId: benchmark.taskId, needs: [taskId], spec: benchmark.spec }));
  const endedAs = { state: 'failed', error: context.error.toReport() } as const;
  return links.length === 0 ? [] : [{ task: { taskId, spec, requirement, requirementDigest, retry, needs: [], endedAs }, links }];
}

function isUnlinked({ spec }: TaskRecord): boolean {
  return spec.kind === 'benchmark' && spec.conversionKey === null;
}
