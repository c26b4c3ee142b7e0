import { z } from 'zod';
import { type ErrorCode, type ErrorParams, GroveError } from '../../../domain/errors.ts';

/** What a function may answer instead of doing what it was asked, with the error of the registry that it stands for. */
const REFUSALS = {
  stale_session: 'stale-session',
  stale_token: 'stale-token',
  not_found: 'not-found',
  invalid_request: 'invalid-request',
  idempotency_conflict: 'idempotency-conflict',
  illegal_transition: 'illegal-transition',
  duplicate_agent: 'duplicate-agent',
  malformed_message: 'malformed-message',
  other_layout: 'invalid-config',
} as const satisfies Readonly<Record<string, ErrorCode>>;

const NAMES = [
  'stale_session',
  'stale_token',
  'not_found',
  'invalid_request',
  'idempotency_conflict',
  'illegal_transition',
  'duplicate_agent',
  'malformed_message',
  'other_layout',
] as const satisfies readonly (keyof typeof REFUSALS)[];

const OK = 0;
/** Whether a device meets a requirement has not been judged yet: judge, then call again. */
const UNJUDGED = NAMES.length + 1;
/** A mistake in a function, which says what went wrong. */
const FAILED = UNJUDGED + 1;

/** The one enumeration of result codes, as the functions know it. */
export const RESULT_NUMBERS: Readonly<Record<string, number>> = {
  ok: OK,
  ...Object.fromEntries(NAMES.map((name, index) => [name, index + 1])),
  unjudged: UNJUDGED,
  failed: FAILED,
};

const paramsSchema = z.record(z.string(), z.union([z.string(), z.number()]));
const unjudgedSchema = z.object({ agents: z.array(z.string()) });

/** What came of a call: it was done, it needs answers about these agents first, or it is refused. */
export type Result =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unjudged'; readonly agentIds: readonly string[] }
  | { readonly kind: 'refused'; readonly error: GroveError };

/** The one translator of result codes. `params` is JSON, and words for a failure. */
export function readResult(number: number, params: () => string): Result {
  if (number === OK) return { kind: 'ok' };
  if (number === UNJUDGED) return { kind: 'unjudged', agentIds: unjudgedSchema.parse(JSON.parse(params())).agents };
  if (number === FAILED) return { kind: 'refused', error: new GroveError('internal', { problem: params() }) };
  const name = NAMES[number - 1];
  if (name === undefined) throw new Error(`a function of the store answered with the unknown code ${number}`);
  return { kind: 'refused', error: refusal(REFUSALS[name], paramsSchema.parse(JSON.parse(params()))) };
}

function refusal(code: ErrorCode, params: Readonly<Record<string, string | number>>): GroveError {
  // Each refusal is raised in Lua with the parameters that its code's message names; the conformance suite sees every one of them.
  return new GroveError(code, params as ErrorParams<ErrorCode>);
}
