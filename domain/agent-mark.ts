import { z } from 'zod';
import { nameSchema } from './names.ts';

const epochMs = z.int().min(0);

/**
 * Why an agent gets no work although it is ready: a person paused or drains it, or it is quarantined, by a person or because its attempts kept ending
 * badly. Work it has goes on. A mark outlives reconnects and restarts.
 */
export const agentMarkSchema = z.strictObject({
  /** `paused`: for a while; `draining`: before it is taken away; `quarantined`: something has to be fixed first. */
  kind: z.enum(['paused', 'draining', 'quarantined']),
  /** Who marked it; `grove` for the circuit breaker. */
  by: nameSchema,
  reason: z.string().max(2_000),
  /** What to do about it; empty when nobody knows. */
  fix: z.string().max(2_000),
  since: epochMs,
  /** It ends by itself then; null: when somebody removes it. */
  until: epochMs.nullable(),
});
export type AgentMark = z.infer<typeof agentMarkSchema>;

/** What the circuit breaker remembers of an agent. */
export interface Breaker {
  /** Attempts in a row that ended as exceptions. */
  readonly inARow: number;
  /** Quarantines since an attempt last ended well: each lasts twice as long as the one before. */
  readonly trips: number;
}

export const CLOSED_BREAKER: Breaker = { inARow: 0, trips: 0 };

/** So many exceptions in a row quarantine an agent: a site that can finish nothing must not use up the retries of every task. */
export const BREAKER_FAILURES = 3;
export const FIRST_QUARANTINE_MS = 600_000;
export const LONGEST_QUARANTINE_MS = 7_200_000;

/**
 * After one more exception. Once the quarantine is over the agent is on trial: its next exception quarantines it again, for twice as long, up to two
 * hours; anything that ends well closes the breaker.
 */
export function breakerAfterFailure({ inARow, trips }: Breaker): { readonly breaker: Breaker; readonly quarantineMs: number | null } {
  if (inARow + 1 < BREAKER_FAILURES) return { breaker: { inARow: inARow + 1, trips }, quarantineMs: null };
  const quarantineMs = Math.min(FIRST_QUARANTINE_MS * 2 ** Math.min(trips, 16), LONGEST_QUARANTINE_MS);
  return { breaker: { inARow: BREAKER_FAILURES - 1, trips: trips + 1 }, quarantineMs };
}

/** One line for a person: who marked it, why, until when, and what to do. */
export function markText({ by, reason, fix, until }: AgentMark): string {
  const end = until === null ? '' : `, until ${new Date(until).toISOString()}`;
  const why = reason === '' ? '' : `: ${reason}`;
  return `by ${by}${end}${why}${fix === '' ? '' : `. ${fix}`}`;
}
