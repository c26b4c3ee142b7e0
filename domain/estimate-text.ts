import { duration } from './duration.ts';
import type { TaskState } from './task-state.ts';

/** When a task starts and ends, in milliseconds from now; null where nobody knows. */
interface Times {
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** `starts in about 3m, ends in about 10m`; what is unknown with the reason. */
export function estimateText(state: TaskState, { startMs, endMs, unknown }: Times & { readonly unknown: string }): string {
  const ends = endText(endMs);
  if (hasBegun(state)) return ends === '' ? `when it ends is unknown: ${unknown}` : ends;
  if (startMs === null) return `when it starts is unknown: ${unknown}`;
  const starts = startMs === 0 ? 'can start now' : `starts in about ${duration(startMs)}`;
  return ends === '' ? `${starts}; when it ends is unknown: ${unknown}` : `${starts}, ${ends}`;
}

/** The same for a column of a table, without reasons: `in 3m, ends in 10m`, `unknown`. */
export function shortEstimate(state: TaskState, { startMs, endMs }: Times): string {
  const ends = endMs === null ? '' : `ends in ${duration(endMs)}`;
  if (hasBegun(state)) return ends === '' ? 'unknown' : ends;
  if (startMs === null) return 'unknown';
  const starts = startMs === 0 ? 'now' : `in ${duration(startMs)}`;
  return ends === '' ? starts : `${starts}, ${ends}`;
}

/** `ends in about 10m`; empty when unknown. */
function endText(endMs: number | null): string {
  return endMs === null ? '' : `ends in about ${duration(endMs)}`;
}

function hasBegun(state: TaskState): boolean {
  return state === 'running' || state === 'leased';
}
