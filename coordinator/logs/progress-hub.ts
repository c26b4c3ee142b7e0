import type { TaskId } from '../../domain/names.ts';
import type { Stage } from '../../domain/task.ts';

/** Where a running attempt is. Momentary: never stored. */
export interface TaskProgress {
  readonly attempt: number;
  readonly stage: Stage;
  /** Of this stage, 0 to 1. */
  readonly fraction: number;
  readonly note: string;
}

type Listener = (taskId: TaskId, progress: TaskProgress) => void;

/** The last progress of each running attempt of this coordinator's agents, and whoever listens. */
export class ProgressHub {
  readonly #latest = new Map<TaskId, TaskProgress>();
  readonly #listeners = new Set<Listener>();

  publish(taskId: TaskId, progress: TaskProgress): void {
    this.#latest.set(taskId, progress);
    for (const listener of this.#listeners) listener(taskId, progress);
  }

  /** The attempt is over: its progress means nothing any more. */
  forget(taskId: TaskId): void {
    this.#latest.delete(taskId);
  }

  latest(taskId: TaskId): TaskProgress | undefined {
    return this.#latest.get(taskId);
  }

  /** Returns the unsubscribe function. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
