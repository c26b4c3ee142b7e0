import type { ErrorReport, GroveError } from '../domain/errors.ts';

/** Exit codes of every command; part of the public interface. `regression` is also that of two models which differ (`grove diff`). */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  regression: 3,
  inconclusive: 4,
  unsatisfiable: 5,
  recipeFailed: 6,
  infrastructure: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Codes that a caller mistyped rather than a machine refused. */
const USAGE = new Set<string>(['invalid-argument', 'invalid-config', 'unknown-recipe']);

/** The exit code an error deserves: usage, unsatisfiable, recipe's fault, infrastructure's fault, or plain error. */
export function exitCodeOf(error: Pick<GroveError | ErrorReport, 'code'> & { readonly fault: ErrorReport['fault'] }): ExitCode {
  if (USAGE.has(error.code)) return EXIT.usage;
  if (error.code === 'unsatisfiable') return EXIT.unsatisfiable;
  if (error.fault === 'recipe') return EXIT.recipeFailed;
  if (error.fault === 'infrastructure' || error.fault === 'device') return EXIT.infrastructure;
  return EXIT.error;
}
