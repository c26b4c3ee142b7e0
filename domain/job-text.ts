import type { TaskState } from './task-state.ts';

type Counts = Readonly<Partial<Record<TaskState, number>>>;

const OPEN = ['waiting', 'pending', 'leased', 'running'] as const satisfies readonly TaskState[];
const BAD = ['failed', 'exception', 'cancelled'] as const satisfies readonly TaskState[];

function sum(counts: Counts, states: readonly TaskState[]): number {
  return states.reduce((total, state) => total + (counts[state] ?? 0), 0);
}

/** Number of tasks that have ended, and of all. */
export function jobProgress(counts: Counts): { readonly ended: number; readonly total: number } {
  const ended = sum(counts, ['completed', ...BAD]);
  return { ended, total: ended + sum(counts, OPEN) };
}

/** `1,234 of 5,000: 3 failed`: how far a job is, in one line whatever its size. */
export function jobProgressText(counts: Counts): string {
  const { ended, total } = jobProgress(counts);
  const bad = BAD.flatMap((state) => ((counts[state] ?? 0) > 0 ? [`${formatCount(counts[state] ?? 0)} ${state}`] : []));
  return `${formatCount(ended)} of ${formatCount(total)}${bad.length === 0 ? '' : `: ${bad.join(', ')}`}`;
}

/** `1,234`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
