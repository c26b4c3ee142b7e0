import { GroveError } from '../../../domain/errors.ts';
import { isEnd } from '../../../domain/task-state.ts';
import type { TaskRecord, TaskStore } from '../../store/task-store.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { StreamSlots } from '../streams/stream-slots.ts';
import { writeChunks } from '../streams/write-chunks.ts';
import { taskView } from '../views/task-view.ts';

/** Tasks and the logs of their attempts. */
export function taskHandlers({ store, logs, progress, limits }: Pick<RestDeps, 'store' | 'logs' | 'progress' | 'limits'>) {
  const slots = new StreamSlots('followed logs', limits.logStreams);
  const find = async (taskId: string): Promise<TaskRecord> => {
    const task = await store.task(taskId);
    if (task === undefined) throw new GroveError('not-found', { kind: 'task', id: taskId });
    return task;
  };
  return {
    async task({ params: { taskId } }) {
      return ok(taskView(await find(taskId), progress));
    },
    async taskLog({ params: { taskId }, query, signal }, _req, res) {
      const task = await find(taskId);
      const follow = query.follow === '1';
      if (query.attempt !== undefined && !task.attempts.some(({ attempt }) => attempt === query.attempt)) {
        throw new GroveError('not-found', { kind: 'attempt', id: `${taskId} attempt ${query.attempt}` });
      }
      const release = follow ? slots.take() : undefined;
      try {
        res.type('text/plain').set('cache-control', 'no-store');
        // A quiet attempt may say nothing for minutes; the connection is not idle then.
        if (follow) res.flushHeaders();
        if (follow) res.socket?.setTimeout(0);
        const attempt = query.attempt ?? (follow ? await firstAttempt(store, taskId, signal) : task.attempts.at(-1)?.attempt);
        if (attempt !== undefined)
          await writeChunks(res, logs.read({ taskId, attempt, offsetBytes: query.offset, follow, signal }), signal);
        res.end();
      } finally {
        release?.();
      }
    },
  } satisfies Partial<Handlers>;
}

/** The newest attempt, waited for while the task has none; undefined when the task ends, or the reader leaves, without one. */
async function firstAttempt(
  store: Pick<TaskStore, 'task' | 'subscribe'>,
  taskId: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  let wake = () => {};
  const unsubscribe = store.subscribe((event) => {
    if (event.type === 'task' && event.taskId === taskId) wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    for (;;) {
      // Made before the look, so that a change during the look is not missed.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const task = await store.task(taskId);
      const newest = task?.attempts.at(-1)?.attempt;
      if (newest !== undefined || task === undefined || isEnd(task.state) || signal.aborted) return newest;
      await changed;
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', onAbort);
  }
}
