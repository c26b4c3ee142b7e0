import type { RequestHandler } from 'express';
import { GroveError } from '../../../domain/errors.ts';
import { isLoopbackHost } from '../../../domain/loopback.ts';

/**
 * Refuses requests that a foreign page could make a browser send: one whose Host is no loopback name (a name that was made to resolve to 127.0.0.1),
 * and one whose Origin is not this very address. Throws `forbidden-origin`.
 */
export const loopbackGuard: RequestHandler = (req, _res, next) => {
  const { host = '', origin } = req.headers;
  if (!isLoopbackHost(host.replace(/:\d{1,5}$/, ''))) throw new GroveError('forbidden-origin', { host });
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    throw new GroveError('forbidden-origin', { host: origin });
  next();
};
