import { GroveError } from '../../../domain/errors.ts';

/** Replies that mean: the server does not let this coordinator in. Waiting does not help. */
const REFUSALS = ['NOAUTH', 'WRONGPASS', 'NOPERM', 'invalid password', 'invalid username-password'];

/** Whether Redis has refused who asked, rather than what was asked. */
export function isAccessRefused(error: unknown): boolean {
  const text = errorText(error);
  return REFUSALS.some((word) => text.includes(word));
}

/** What Redis or the connection to it did, as an error of the registry: `store-unavailable`, which a later attempt may not meet, or `internal`
 * for a mistake in our own functions. */
export function translateRedisError(error: unknown): GroveError {
  if (error instanceof GroveError) return error;
  const text = errorText(error);
  // Not the error itself: it carries the command with its arguments, also a password.
  const cause = new Error(text);
  if (text.includes('user_function:')) return new GroveError('internal', { problem: text }, { cause });
  return new GroveError('store-unavailable', { problem: problemOf(text) }, { cause });
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** In words for a person. The server's own text is kept only where it names nothing but itself. */
function problemOf(text: string): string {
  if (REFUSALS.some((word) => text.includes(word))) return 'Redis refuses the user, the password or the command';
  if (text.startsWith('READONLY')) return 'this Redis server is a read-only replica';
  if (text.includes('OOM command not allowed')) return 'Redis has reached its memory limit (maxmemory)';
  if (text.startsWith('MISCONF')) return 'Redis cannot write to its disk and refuses changes (MISCONF)';
  if (text.startsWith('LOADING')) return 'Redis is loading its data';
  if (text.startsWith('BUSY')) return 'Redis is busy with another script';
  if (text.startsWith('MASTERDOWN') || text.startsWith('NOREPLICAS')) return 'Redis has lost its primary or its replicas';
  if (text.includes('max retries per request') || text.includes('Connection is closed')) return 'Redis cannot be reached';
  return text.slice(0, 300);
}
