import { GroveError } from '../domain/errors.ts';
import { isLoopbackHost } from '../domain/loopback.ts';

/** Throws `bind-refused` unless the address is one that only this machine can reach. */
export function assertLoopback(host: string): void {
  if (!isLoopbackHost(host)) throw new GroveError('bind-refused', { address: host });
}
