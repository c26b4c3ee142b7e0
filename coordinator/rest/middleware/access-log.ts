import type { RequestHandler } from 'express';
import type { Clock } from '../../../domain/ports.ts';
import type { RestLog } from '../deps.ts';
import { requestIdOf } from './request-id.ts';

/** Logs each answer when its connection is done with it. The query is left out: signed URLs carry their signature there. */
export function accessLog(log: RestLog, clock: Clock): RequestHandler {
  return (req, res, next) => {
    const begunMs = clock.monotonicMs();
    res.once('close', () => {
      const durationMs = Math.round(clock.monotonicMs() - begunMs);
      log.requestAnswered({ requestId: requestIdOf(res), method: req.method, path: req.path, status: res.statusCode, durationMs });
    });
    next();
  };
}
