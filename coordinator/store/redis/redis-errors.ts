import { GroveError } from '../../../domain/errors.ts';

/** Replies that mean: the server does not let this coordinator in. Waiting does not help. */
const REFUSALS = ['NOAUTH', 'WRONGPASS', 'NOPERM', 'invalid password', 'invalid username-password'];

/** Whether Redis has refused who asked, rather than what was asked. */
export function isAccessRefused(error: unknown): boolean {
  const text = errorText(error);
  return REFUSALS.some((word) => text.includes(word));
}

/**
 * What Redis or the connection to it did, as an error of the registry: `store-unavailable`, which a later attempt may not meet, or `internal` for a
 * mistake in our own functions.
 */
export function translateRedisError(error: unknown): GroveError {
  if (error instanceof GroveError) return error;
  const text = errorText(error);
  // Not the error itself: it carries the command with its arguments, also a password.
  const cause = new Error(text);
  const known = KNOWN.find(([sign]) => sign.test(text))?.[1];
  if (known === undefined && text.includes('user_function:')) return new GroveError('internal', { problem: text }, { cause });
  return new GroveError('store-unavailable', { problem: known ?? text.slice(0, 300) }, { cause });
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** In words for a person. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [new RegExp(REFUSALS.join('|')), 'Redis refuses the user, the password or the command'],
  [/^READONLY/, 'this Redis server is a read-only replica'],
  [/^OOM /, 'Redis has reached its memory limit (maxmemory)'],
  [/^MISCONF/, 'Redis cannot write to its disk and refuses changes (MISCONF)'],
  [/^LOADING/, 'Redis is loading its data'],
  [/^BUSY /, 'Redis is busy with another script'],
  [/^(?:MASTERDOWN|NOREPLICAS)/, 'Redis has lost its primary or its replicas'],
  [/max retries per request|Connection is closed|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT/, 'Redis cannot be reached'],
];
