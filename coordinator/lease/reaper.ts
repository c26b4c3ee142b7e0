import { EXPIRY_HOLD_MS, STALL_MS } from '../../domain/constants.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { Turn } from '../peers/turn.ts';
import type { ExpireAnswer, TaskStore } from '../store/task-store.ts';

/** How often deadlines are looked at: a lost agent's task is pending again within its grace plus 1 s. */
const TICK_MS = 250;
/** Deadlines handled in one command, so that a mass expiry does not block other commands. */
const BATCH = 200;

/** Why agents may not have been able to renew. */
export type HoldReason = 'start' | 'stall' | 'store-reconnect' | 'clock-jump';

export interface ReaperDeps {
  readonly store: Pick<TaskStore, 'due' | 'expire'>;
  readonly clock: Clock;
  /** Of several coordinators one at a time looks. */
  readonly turn: Turn;
  /** An attempt ended here although its agent may live: the agent must stop the work. */
  onEnded(ended: ExpireAnswer['ended'][number]): void;
  /** An attempt's job is out of time: the agent must stop the work, as after a cancel. */
  onStopped(stopped: ExpireAnswer['stopped'][number]): void;
  /** The store refused or failed; the next tick tries again. */
  onError(error: unknown): void;
  /** Nothing expires for the next `holdMs`. */
  onHold?(why: HoldReason, holdMs: number): void;
}

export interface Reaper {
  start(): void;
  /** Nothing expires here for a while. */
  hold(why: HoldReason): void;
  /** Resolves when the tick in progress, if any, is over. */
  stop(): Promise<void>;
}

/**
 * Ends leases, unaccepted assignments and sessions whose time has come. Agents cannot renew while this process is away, so nothing expires for
 * {@link EXPIRY_HOLD_MS} after a start, after the store was away or its clock jumped, and after the event loop stood still longer than
 * {@link STALL_MS}. The hold counts in monotonic time: it outlasts a clock that jumps.
 */
export function createReaper(deps: ReaperDeps): Reaper {
  let holdUntilMs = 0;
  let timer: Timer | undefined;
  let lastTickMs = 0;
  let stopped = true;
  let running: Promise<void> = Promise.resolve();

  const hold = (why: HoldReason): void => {
    holdUntilMs = deps.clock.monotonicMs() + EXPIRY_HOLD_MS;
    deps.onHold?.(why, EXPIRY_HOLD_MS);
  };

  const schedule = (): void => {
    timer = deps.clock.after(TICK_MS, () => {
      running = tick();
    });
  };

  const tick = async (): Promise<void> => {
    const nowMs = deps.clock.monotonicMs();
    const lateMs = nowMs - lastTickMs - TICK_MS;
    lastTickMs = nowMs;
    if (lateMs > STALL_MS) hold('stall');
    try {
      if (deps.clock.monotonicMs() >= holdUntilMs && (await deps.turn.isMine())) await expireAllDue(deps);
    } catch (error) {
      deps.onError(error);
    }
    if (!stopped) schedule();
  };

  return {
    hold,
    start() {
      stopped = false;
      hold('start');
      lastTickMs = deps.clock.monotonicMs();
      schedule();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
      await deps.turn.release().catch(deps.onError);
    },
  };
}

async function expireAllDue({ store, clock, onEnded, onStopped }: ReaperDeps): Promise<void> {
  for (;;) {
    const now = clock.now();
    const items = await store.due(now, BATCH);
    if (items.length === 0) return;
    const { ended, stopped } = await store.expire({ now, items });
    for (const attempt of ended) onEnded(attempt);
    for (const attempt of stopped) onStopped(attempt);
    if (items.length < BATCH) return;
  }
}
