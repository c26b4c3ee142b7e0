import { type ErrorReport, GroveError } from '../../../domain/errors.ts';

/** Why a task is stopped before it has ended. */
export interface Stop {
  readonly by: string;
  /** Of a job whose time is over; null when somebody cancelled it. */
  readonly deadlineMs: number | null;
}

/** How a stopped task ends. */
export function stoppedAs({ by, deadlineMs }: Stop): { readonly state: 'cancelled' | 'exception'; readonly error: ErrorReport } {
  if (deadlineMs === null) return { state: 'cancelled', error: new GroveError('cancelled', { by }).toReport() };
  return { state: 'exception', error: new GroveError('deadline-exceeded', { deadlineMs }).toReport() };
}
