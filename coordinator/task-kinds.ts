import type { TaskId } from '../domain/names.ts';
import type { TaskSpec } from '../domain/task.ts';
import type { TaskStore } from './store/task-store.ts';

type Kind = TaskSpec['kind'];

/** Kinds remembered; all are forgotten when there are more, since most of those tasks have ended. */
const MAX_REMEMBERED = 50_000;

/** Of what kind a task is, which never changes. Those of assigned tasks are known, so that no result makes the store read the whole task. */
export class TaskKinds {
  readonly #store: Pick<TaskStore, 'task'>;
  readonly #known = new Map<TaskId, Kind>();

  constructor(store: Pick<TaskStore, 'task'>) {
    this.#store = store;
  }

  remember(taskId: TaskId, kind: Kind): void {
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(taskId, kind);
  }

  /** Undefined for a task that does not exist. */
  async of(taskId: TaskId): Promise<Kind | undefined> {
    return this.#known.get(taskId) ?? (await this.#store.task(taskId))?.spec.kind;
  }
}
