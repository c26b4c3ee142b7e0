import { GroveError } from '../domain/errors.ts';
import { isLoopbackHost } from '../domain/loopback.ts';
import type { KeyedCertificate } from '../platform/certificates.ts';

/**
 * How a server is guarded. `loopback`: not at all, and only this machine reaches it. `enrolled`: TLS and authentication. `insecure`: not at all, wherever
 * it listens, because somebody said so.
 */
export type Exposure =
  | { readonly kind: 'loopback' | 'insecure' }
  | {
      readonly kind: 'enrolled';
      /** With its chain. */
      readonly server: KeyedCertificate;
      /** PEM of the authority that signed it and the agents' certificates. */
      readonly authority: string;
    };

/** Throws `bind-refused` for an address that others can reach, unless it is guarded or somebody wants it unguarded. */
export function assertSafe(host: string, { kind }: Exposure): void {
  if (kind === 'loopback' && !isLoopbackHost(host)) throw new GroveError('bind-refused', { address: host });
}
