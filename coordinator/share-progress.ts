import type { TaskId } from '../domain/names.ts';
import type { Clock, Timer } from '../domain/ports.ts';
import type { ProgressHub, TaskProgress } from './logs/progress-hub.ts';
import type { Broadcast } from './peers/broadcast.ts';

/** The others hear of progress this often at most: one notice for everything that has moved. */
const SHARE_MS = 500;
/** Reports of one notice. */
const BATCH = 500;

/**
 * Lets every coordinator of the farm show the progress of the agents of all. What comes from others goes into the hub; what agents report here goes into
 * the hub at once and to the others from time to time, newest report per task.
 */
export class SharedProgress {
  readonly #hub: ProgressHub;
  readonly #broadcast: Broadcast;
  readonly #clock: Clock;
  readonly #unsent = new Map<TaskId, TaskProgress>();
  readonly #unlisten: () => void;
  #timer: Timer | undefined;

  constructor({ hub, broadcast, clock }: { readonly hub: ProgressHub; readonly broadcast: Broadcast; readonly clock: Clock }) {
    this.#hub = hub;
    this.#broadcast = broadcast;
    this.#clock = clock;
    this.#unlisten = broadcast.listen((notice) => {
      if (notice.type === 'progress') for (const { taskId, ...progress } of notice.reports) hub.publish(taskId, progress);
    });
  }

  publish(taskId: TaskId, progress: TaskProgress): void {
    this.#hub.publish(taskId, progress);
    this.#unsent.set(taskId, progress);
    this.#timer ??= this.#clock.after(SHARE_MS, () => this.#share());
  }

  forget(taskId: TaskId): void {
    this.#unsent.delete(taskId);
    this.#hub.forget(taskId);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#unlisten();
  }

  #share(): void {
    this.#timer = undefined;
    const reports = [...this.#unsent].map(([taskId, progress]) => ({ taskId, ...progress }));
    this.#unsent.clear();
    for (let first = 0; first < reports.length; first += BATCH)
      this.#broadcast.send({ type: 'progress', reports: reports.slice(first, first + BATCH) });
  }
}
