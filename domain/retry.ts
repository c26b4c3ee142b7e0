import type { ErrorReport } from './errors.ts';

/** How often a task may be attempted. An attempt never accepted spends a number, not the budget. */
export interface RetryPolicy {
  /** Accepted attempts in total. */
  readonly maxAttempts: number;
}

export const DEFAULT_RETRY: RetryPolicy = { maxAttempts: 3 };

/** What the policy is asked about: an attempt that ended as `exception`. */
export interface ExceptionFacts {
  readonly acceptedAttempts: number;
  readonly error: ErrorReport;
}

export type RetryDecision = { readonly retry: true } | { readonly retry: false; readonly why: string };

/** Whether a task whose attempt ended as `exception` gets another one. Pure: facts in, decision out. */
export function nextAttempt(policy: RetryPolicy, facts: ExceptionFacts): RetryDecision {
  if (!facts.error.retryable) return { retry: false, why: `${facts.error.code} does not go away by trying again` };
  if (facts.acceptedAttempts >= policy.maxAttempts)
    return { retry: false, why: `${facts.acceptedAttempts} of ${policy.maxAttempts} attempts are spent` };
  return { retry: true };
}
