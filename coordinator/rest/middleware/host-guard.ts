import type { RequestHandler } from 'express';
import { GroveError } from '../../../domain/errors.ts';
import { isLoopbackHost } from '../../../domain/loopback.ts';

/**
 * Refuses requests that a foreign page could make a browser send: one whose Host is neither a loopback name nor one of the farm's (a name that was made
 * to resolve to it), and one whose Origin is not this very address. Throws `forbidden-origin`.
 *
 * @param names hosts without port under which the farm is known; empty on loopback.
 */
export function hostGuard(names: ReadonlySet<string>): RequestHandler {
  return (req, _res, next) => {
    const { host = '', origin } = req.headers;
    const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
    if (!isLoopbackHost(name) && !names.has(name)) throw new GroveError('forbidden-origin', { host });
    if (origin !== undefined && origin.toLowerCase() !== `${req.protocol}://${host.toLowerCase()}`)
      throw new GroveError('forbidden-origin', { host: origin });
    next();
  };
}
