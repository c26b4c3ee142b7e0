import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { GroveError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { assertSafe, type Exposure } from '../exposure.ts';

/** Where to listen, and how long to keep silent connections. */
export interface ListenOptions {
  readonly host: string;
  readonly exposure: Exposure;
  /** 0 takes any free one. */
  readonly port: number;
  /** Silence on a connection after which it is closed, milliseconds. Event streams and followed logs speak more often. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** A server that listens. */
export interface RestServer {
  /** Origin to call on this machine: `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Takes no new connections, lets running requests end for a moment, cuts what is left and resolves when all are closed. Idempotent. */
  stop(): Promise<void>;
}

const MAX_CONNECTIONS = 4_096;

/** Streams have no end of their own, so a stop waits for answers only this long. */
const STOP_GRACE_MS = 500;

/**
 * Throws `bind-refused` for an address that others can reach without being asked who they are, and `port-in-use` when the port is taken.
 */
export async function listenRest(app: Express, options: ListenOptions): Promise<RestServer> {
  assertSafe(options.host, options.exposure);
  const server = createHttpServer(options.exposure, app);
  server.maxConnections = MAX_CONNECTIONS;
  // Uploads of gigabytes may take long; what ends them is silence, not their total time.
  server.timeout = options.idleMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise((resolve) => {
      const cut = options.clock.after(STOP_GRACE_MS, () => server.closeAllConnections());
      server.close(() => {
        cut.cancel();
        resolve();
      });
    });
    return stopped;
  };
  return { url: originOf(server.address(), options.exposure), stop };
}

function createHttpServer(exposure: Exposure, app: RequestListener) {
  const bounds = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5_000 };
  if (exposure.kind !== 'enrolled') return createServer(bounds, app);
  const { certificate, privateKey } = exposure.server;
  return createTlsServer({ ...bounds, cert: certificate, key: privateKey, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, app);
}

function listenError(error: Error, { host, port }: ListenOptions): Error {
  const taken = 'code' in error && error.code === 'EADDRINUSE';
  if (taken) return new GroveError('port-in-use', { address: `${host}:${port}` }, { cause: error });
  return new GroveError('invalid-config', { where: `address "${host}", port ${port}`, problem: error.message }, { cause: error });
}

function originOf(address: AddressInfo | string | null, { kind }: Exposure): string {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no network address');
  return `${kind === 'enrolled' ? 'https' : 'http'}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
