import type { Clock, Timer } from '../../../domain/ports.ts';
import type { ArchivingTaskStore } from './redis-task-store.ts';

/** Between two looks for jobs that have become old: nothing waits for it. */
const PAUSE_MS = 600_000;

export interface ArchiverDeps {
  readonly store: Pick<ArchivingTaskStore, 'archiveEnded'>;
  readonly clock: Clock;
  /** Jobs that ended longer ago are archived. */
  readonly retentionMs: number;
  /** Whether this coordinator should do it now; two at once only waste effort. */
  isMyTurn(): Promise<boolean>;
  onArchived(jobs: number): void;
  onError(error: unknown): void;
}

export interface Archiver {
  start(): void;
  /** Resolves when nothing is moved any more. */
  stop(): Promise<void>;
}

/** Keeps the store small: archives old jobs at the start and then now and then. What fails is tried again at the next look. */
export function createArchiver(deps: ArchiverDeps): Archiver {
  let timer: Timer | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  const archiveAll = async (): Promise<void> => {
    if (!(await deps.isMyTurn())) return;
    let archived = 0;
    for (;;) {
      const jobs = stopped ? 0 : await deps.store.archiveEnded(deps.clock.now() - deps.retentionMs);
      archived += jobs;
      if (jobs === 0) break;
    }
    if (archived > 0) deps.onArchived(archived);
  };

  const look = (): void => {
    running = archiveAll()
      .catch((error: unknown) => deps.onError(error))
      .then(() => {
        if (!stopped) timer = deps.clock.after(PAUSE_MS, look);
      });
  };

  return {
    start: look,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
