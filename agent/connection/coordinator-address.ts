import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { GroveError } from '../../domain/errors.ts';
import { isLoopbackHost } from '../../domain/loopback.ts';

/** What an enrolled agent shows and trusts, PEM. */
export interface TlsIdentity {
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/** How an agent may connect. */
export interface ConnectTerms {
  /** Undefined for an agent that never joined. */
  readonly identity: TlsIdentity | undefined;
  /** Also without TLS to addresses beyond this machine. */
  readonly insecure: boolean;
}

/** `HOST:PORT`, and what the connection is made with. */
export interface Target {
  readonly address: string;
  readonly credentials: ChannelCredentials;
}

/**
 * Where and how to connect. Throws `invalid-config` for what is no address and `connect-refused` for one that would need an identity that is not there.
 *
 * @param url `grpc://127.0.0.1:4701`, with TLS `grpcs://HOST:PORT`; `http://` means the same as the former.
 */
export function targetOf(url: string, { identity, insecure }: ConnectTerms): Target {
  const { host: address, hostname, isSecure } = parse(url);
  if (!isSecure) {
    if (!insecure && !isLoopbackHost(hostname)) throw new GroveError('connect-refused', { address });
    return { address, credentials: credentials.createInsecure() };
  }
  if (identity === undefined) throw new GroveError('connect-refused', { address });
  const { authority, privateKey, certificate } = identity;
  return {
    address,
    credentials: credentials.createSsl(Buffer.from(authority), Buffer.from(privateKey), Buffer.from(certificate)),
  };
}

function parse(url: string): { readonly host: string; readonly hostname: string; readonly isSecure: boolean } {
  const isSecure = url.startsWith('grpcs:');
  try {
    // One scheme, of which no port is the default one.
    const { protocol, port, host, hostname } = new URL(url.replace(/^grpcs?:/, 'http:'));
    if (protocol === 'http:' && port !== '') return { host, hostname, isSecure };
  } catch {
    // Falls through to the one message for everything that is no address.
  }
  throw new GroveError('invalid-config', {
    where: 'agentUrl',
    problem: `"${url}" is not of the form grpc://127.0.0.1:PORT or grpcs://HOST:PORT`,
  });
}
