import type { JobSummary } from '../api/jobs.ts';

/** State of a job, and until when it takes in devices if it does so at `now` (milliseconds since 1970). */
export function stateText({ state, followsUntil }: Pick<JobSummary, 'state' | 'followsUntil'>, now: number): string {
  if (followsUntil === null || followsUntil <= now) return state;
  return `${state}, following until ${new Date(followsUntil).toISOString().slice(0, 16)}Z`;
}
