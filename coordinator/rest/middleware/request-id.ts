import type { RequestHandler, Response } from 'express';
import type { Random } from '../../../domain/ports.ts';

/** Header that names a request in answers and in the coordinator log. */
const REQUEST_ID_HEADER = 'x-request-id';

/** Gives every request a name of its own, before anything can fail. */
export function requestId(random: Pick<Random, 'id'>): RequestHandler {
  return (_req, res, next) => {
    res.set(REQUEST_ID_HEADER, random.id());
    next();
  };
}

/** The name {@link requestId} gave the request that `res` answers. */
export function requestIdOf(res: Response): string {
  return String(res.get(REQUEST_ID_HEADER) ?? '');
}
