import type { Request, Response } from 'express';
import type { RouteName } from '../../api/routes.ts';
import { toGroveError } from '../../domain/errors.ts';
import type { Asking } from './access.ts';
import type { RestDeps } from './deps.ts';
import { requestIdOf } from './middleware/request-id.ts';

/** One request that changes something, or would have. */
export interface Change {
  readonly what: RouteName;
  readonly asking: Asking;
  readonly object: string;
  /** What it ended with; undefined when it went well. */
  readonly error?: unknown;
}

/** Writes it into the record of changes. A record that cannot be written is logged: the change has been made. */
export async function recordChange(
  { audit, clock, log }: Pick<RestDeps, 'audit' | 'clock' | 'log'>,
  { req, res }: { readonly req: Request; readonly res: Response },
  { what, asking, object, error }: Change,
): Promise<void> {
  const requestId = requestIdOf(res);
  const outcome = error === undefined ? 'ok' : toGroveError(error).code;
  const from = (req.socket.remoteAddress ?? '').slice(0, 100);
  const { principal: who, role } = asking;
  await audit
    .audit({ at: clock.now(), who, role, what, object: object.slice(0, 300), from, outcome, requestId })
    .catch((problem: unknown) => log.requestFailed({ requestId, method: req.method, path: req.path, error: problem }));
}
