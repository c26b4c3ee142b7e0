import type { RequestHandler } from 'express';
import type { Clock } from '../../../domain/ports.ts';

/** Time to read an answer that came before the request's end. */
const GRACE_MS = 10_000;

/** Cuts the connection of a client that goes on sending what nobody reads: who was refused must not hold one for as long as it likes. */
export function endUnreadBodies(clock: Pick<Clock, 'after'>): RequestHandler {
  return (req, res, next) => {
    res.once('finish', () => {
      if (req.complete) return;
      const cut = clock.after(GRACE_MS, () => req.complete || req.destroy());
      req.once('close', () => cut.cancel());
    });
    next();
  };
}
