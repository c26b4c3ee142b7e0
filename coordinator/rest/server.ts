import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { GroveError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { assertLoopback } from '../assert-loopback.ts';

/** Where to listen, and how long to keep silent connections. */
export interface ListenOptions {
  /** A loopback address: `127.0.0.1` or `::1`. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Silence on a connection after which it is closed, milliseconds. Event streams and followed logs speak more often. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** A server that listens. */
export interface RestServer {
  /** Origin to call: `http://127.0.0.1:7070`. */
  readonly url: string;
  /** Takes no new connections, lets running requests end for a moment, cuts what is left and resolves when all are closed. Idempotent. */
  stop(): Promise<void>;
}

const MAX_CONNECTIONS = 4_096;

/** Streams have no end of their own, so a stop waits for answers only this long. */
const STOP_GRACE_MS = 500;

/**
 * Listens on loopback only. Throws `bind-refused` for any other address, and `port-in-use` when the port is taken.
 */
export async function listenRest(app: Express, options: ListenOptions): Promise<RestServer> {
  assertLoopback(options.host);
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5_000 }, app);
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
  return { url: originOf(server.address()), stop };
}

function listenError(error: Error, { host, port }: ListenOptions): Error {
  const taken = 'code' in error && error.code === 'EADDRINUSE';
  return taken ? new GroveError('port-in-use', { address: `${host}:${port}` }, { cause: error }) : error;
}

function originOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no network address');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
