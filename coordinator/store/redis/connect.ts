import { readFileSync } from 'node:fs';
import { Redis, type RedisOptions } from 'ioredis';
import { GroveError } from '../../../domain/errors.ts';
import { isAccessRefused, translateRedisError } from './redis-errors.ts';

/** First wait before a new connection is tried; it doubles up to {@link LONGEST_RETRY_MS}. */
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** With the waits above a command waits about six seconds for a connection, then it is refused as `store-unavailable`. */
const RETRIES_PER_COMMAND = 8;
const CONNECT_TIMEOUT_MS = 3_000;
/** A server that owes an answer and is silent for this long is taken for dead. Longer than any call or blocking read takes. */
const SILENCE_TIMEOUT_MS = 15_000;

/** Tells the coordinator's log: never with a password in it. */
export type RedisLog = (what: string, fields: Readonly<Record<string, unknown>>) => void;

export interface RedisServer {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string;
  /** Instead of one in the URL, so that it can come from a secret of its own. */
  readonly password?: string;
  /** PEM file of the authority that signed the server's certificate; without it the system's are trusted. */
  readonly caFile?: string;
  readonly log?: RedisLog;
}

/**
 * A coordinator's link to Redis. Commands go over one connection that pipelines them; whoever blocks or subscribes takes a connection of its own.
 *
 * A lost connection is made again for ever. Commands under way are sent once more over the new one: everything Grove sends may happen twice. A command
 * waits a few seconds for that, never for ever.
 */
export interface RedisLink {
  /** Host, port and database, without user or password: for people. */
  readonly address: string;
  /** For single commands: wrap them in {@link RedisLink.run}. */
  readonly client: Redis;
  /** Gives the answer, or throws what went wrong as `store-unavailable`. */
  run<T>(command: (client: Redis) => Promise<T>): Promise<T>;
  /** A further connection for blocking reads or subscriptions; closed with the link. */
  dedicated(name: string): Redis;
  /** Calls back when the command connection is there again after it was lost. Returns the unsubscribe function. */
  onReconnect(listener: () => void): () => void;
  /** Closes all connections; commands under way are refused. Idempotent. */
  close(): void;
}

/** Opens the link. Throws `invalid-config` for an address or a password that is refused, `store-unavailable` when nobody answers in time. */
export async function connectRedis(server: RedisServer): Promise<RedisLink> {
  const link = new Link(server);
  try {
    await link.run((client) => client.ping());
    return link;
  } catch (error) {
    link.close();
    throw error instanceof GroveError && isAccessRefused(error.cause) ? refused(link.address) : error;
  }
}

function refused(address: string): GroveError {
  return new GroveError('invalid-config', { where: 'store', problem: `Redis at ${address} refuses the user or the password` });
}

class Link implements RedisLink {
  readonly address: string;
  readonly client: Redis;
  readonly #open = new Set<Redis>();
  readonly #reconnected = new Set<() => void>();
  readonly #log: RedisLog;
  /** The last connection error: ioredis refuses commands that waited too long without saying why. */
  #lastProblem: unknown;

  constructor(server: RedisServer) {
    const options = optionsFor(server);
    this.address = `${options.host}:${options.port}/${options.db}`;
    this.#log = server.log ?? (() => {});
    this.client = this.#watch(new Redis(options), 'commands');
    let wasReady = false;
    this.client.on('ready', () => {
      if (wasReady) for (const listener of this.#reconnected) listener();
      wasReady = true;
    });
  }

  async run<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    try {
      return await command(this.client);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  dedicated(name: string): Redis {
    return this.#watch(this.client.duplicate({ connectionName: `grove-${name}`, maxRetriesPerRequest: null }), name);
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => {
      this.#reconnected.delete(listener);
    };
  }

  close(): void {
    for (const client of this.#open) client.disconnect();
    this.#open.clear();
  }

  #watch(client: Redis, name: string): Redis {
    this.#open.add(client);
    client.on('error', (error: unknown) => {
      this.#lastProblem = error;
      this.#log('redis-error', { connection: name, address: this.address, problem: translateRedisError(error).message });
    });
    client.on('ready', () => {
      this.#lastProblem = undefined;
      this.#log('redis-ready', { connection: name, address: this.address });
    });
    client.on('end', () => this.#open.delete(client));
    return client;
  }

  #explain(error: unknown): GroveError {
    const gaveUp = error instanceof Error && error.message.includes('max retries per request');
    return translateRedisError(gaveUp && this.#lastProblem !== undefined ? this.#lastProblem : error);
  }
}

/** Without `replyMapping`, whose type ioredis's own constructor does not take. */
type Target = Omit<RedisOptions, 'replyMapping'> & { readonly host: string; readonly port: number; readonly db: number };

function optionsFor({ url, password, caFile }: RedisServer): Target {
  const place = placeOf(url);
  const secret = password ?? place.password;
  const credentials = { ...(place.username === '' ? {} : { username: place.username }), ...(secret === '' ? {} : { password: secret }) };
  return {
    host: place.host,
    port: place.port,
    db: place.db,
    ...credentials,
    ...(place.tls ? { tls: tlsFor(caFile) } : {}),
    protocol: 2,
    connectionName: 'grove-commands',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    keepAlive: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: RETRIES_PER_COMMAND,
    retryStrategy: (times) => Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LONGEST_RETRY_MS),
    // After a failover the old primary says so before its address leads to the new one. The command is refused: sent again and again it might never end.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
}

function placeOf(url: string): Place {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '' || !/^\/?[0-9]{0,4}$/.test(parsed.pathname)) {
    throw new GroveError('invalid-config', { where: 'store url', problem: 'it is not redis://host:port/database or rediss://...' });
  }
  const { hostname, port, pathname, protocol, username, password } = parsed;
  const secrets = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(port || 6379), db: Number(pathname.slice(1) || 0), tls: protocol === 'rediss:', ...secrets };
}

function tlsFor(caFile: string | undefined): NonNullable<RedisOptions['tls']> {
  return caFile === undefined ? {} : { ca: readCa(caFile) };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new GroveError('invalid-config', { where: 'store CA file', problem: `${file} cannot be read` }, { cause: error });
  }
}
