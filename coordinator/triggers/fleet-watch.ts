import type { Clock, Timer } from '../../domain/ports.ts';

/** Quiet after a change of the fleet before it is looked at, and how long changes may go on before that is done anyway. */
const QUIET_MS = 1_000;
const LONGEST_WAIT_MS = 5_000;
/** Pause before a look that failed is repeated. */
const RETRY_MS = 5_000;

export interface FleetWatchDeps {
  readonly clock: Clock;
  /** What changes with the fleet. Doing it twice, or on two coordinators at once, must change nothing. */
  look(): Promise<void>;
  onError(error: unknown): void;
}

export interface FleetWatch {
  /** Something may have changed: an agent said hello, or a job began to follow the fleet. */
  note(): void;
  /** Resolves when no look is under way. */
  stop(): Promise<void>;
}

/** Looks once after a burst of changes, and again after a failure. A start is a change: nobody looked while no coordinator was there. */
export function createFleetWatch({ clock, look, onError }: FleetWatchDeps): FleetWatch {
  let timer: Timer | undefined;
  let firstNotedMs: number | undefined;
  let looking: Promise<void> = Promise.resolve();
  let stopped = false;

  const lookSoon = (delayMs: number): void => {
    timer?.cancel();
    timer = clock.after(delayMs, () => {
      firstNotedMs = undefined;
      looking = looking.then(look).catch((error: unknown) => {
        onError(error);
        if (!stopped) lookSoon(RETRY_MS);
      });
    });
  };

  const note = (): void => {
    if (stopped) return;
    const nowMs = clock.monotonicMs();
    firstNotedMs ??= nowMs;
    lookSoon(Math.max(0, Math.min(QUIET_MS, firstNotedMs + LONGEST_WAIT_MS - nowMs)));
  };

  note();
  return {
    note,
    async stop() {
      stopped = true;
      timer?.cancel();
      await looking;
    },
  };
}
