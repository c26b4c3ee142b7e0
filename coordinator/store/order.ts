import type { Priority } from '../../domain/names.ts';

/**
 * The total order of pending tasks, equal in every store: priority class (after aging), then virtual finish time of the submitter (fair share), then
 * enqueue sequence. Aging moves only the head of a queue, so cost does not grow with depth.
 */
export const PRIORITY_CLASS: Readonly<Record<Priority, number>> = { urgent: 0, interactive: 1, sweep: 2 };

/** A head of its class that has waited longer than this counts one class higher. */
export const AGING_MS: Readonly<Record<Priority, number>> = { urgent: 0, interactive: 300_000, sweep: 3_600_000 };

/** How many shared leases (conversions, resolves) a host holds at once. */
export const SHARED_LEASES_PER_HOST = 2;
