import type { Priority } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/ports.ts';

/**
 * The order of pending tasks, equal in every store.
 *
 * Inside a lane (one queue, one priority): virtual finish time of the submitter, then enqueue sequence. Virtual time is kept per lane, as in
 * self-clocked fair queueing (Golestani, 1994): a queue that is served quickly must not push newcomers of a slow queue behind its backlog.
 *
 * Between the heads of lanes, for the host that asks: priority class after aging, then the submitter whom this host has served longest ago, then
 * enqueue sequence. With one submitter both orders are first come, first served. Only heads age, so cost does not grow with depth.
 */
export const PRIORITY_CLASS: Readonly<Record<Priority, number>> = { urgent: 0, interactive: 1, sweep: 2 };

/** Priorities from first to last. */
export const PRIORITIES = ['urgent', 'interactive', 'sweep'] as const satisfies readonly Priority[];

/**
 * A head of its class that has waited longer than this counts one class higher; a sweep that has waited as long as an interactive task needs beyond
 * that counts two higher, so that a steady stream of urgent work keeps nobody out for ever.
 */
export const AGING_MS: Readonly<Record<Priority, number>> = { urgent: 0, interactive: 300_000, sweep: 3_600_000 };

/** How many shared leases (conversions, resolves) a host holds at once. */
export const SHARED_LEASES_PER_HOST = 2;

/** A task whose accepted attempt ended as an exception leaves it to other hosts for this long. */
export const AVOID_MS = 30_000;

/** Entries at the front of a submitter's line that are looked at for one that does not avoid the host: the cost is that of a few, whatever the depth. */
export const LOOKED_AT_PER_LINE = 8;

/** Attempts of one task that may end without ever being accepted; then it ends as `exception` rather than circle for ever. */
export const MAX_UNACCEPTED_ATTEMPTS = 20;

/** Submitters whose last turn a host remembers; an older one counts as never served. */
export const MAX_REMEMBERED_TURNS = 64;

/** Events a store keeps for `eventsSince`. */
export const MAX_KEPT_EVENTS = 10_000;

/** A pending task's place: what the order is made of. */
export interface Place {
  readonly priority: Priority;
  readonly submitter: string;
  readonly virtualFinish: number;
  readonly sequence: number;
  readonly enqueuedAt: EpochMs;
}

/** Order inside a lane; negative when `a` goes first. */
export function compareInLane(a: Place, b: Place): number {
  return a.virtualFinish - b.virtualFinish || a.sequence - b.sequence;
}

/** Class of a lane's head at `now`, after aging. */
export function agedClass({ priority, enqueuedAt }: Place, now: EpochMs): number {
  const own = PRIORITY_CLASS[priority];
  const waitedMs = now - enqueuedAt;
  if (own === 0 || waitedMs <= AGING_MS[priority]) return own;
  return priority === 'sweep' && waitedMs > AGING_MS.sweep + AGING_MS.interactive ? own - 2 : own - 1;
}

/** What decides between the heads of lanes on one host. */
export interface HeadRank {
  readonly agedClass: number;
  /** The later the host has last served this submitter, the greater; 0 = never. */
  readonly lastTurn: number;
  readonly sequence: number;
}

/** Order between heads; negative when `a` goes first. */
export function compareHeads(a: HeadRank, b: HeadRank): number {
  return a.agedClass - b.agedClass || a.lastTurn - b.lastTurn || a.sequence - b.sequence;
}

/** The higher of two priorities. */
export function higherPriority(a: Priority, b: Priority): Priority {
  return PRIORITY_CLASS[a] <= PRIORITY_CLASS[b] ? a : b;
}
