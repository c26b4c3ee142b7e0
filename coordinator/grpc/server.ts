import { logVerbosity, Server, ServerCredentials, type ServiceDefinition, setLogVerbosity } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { GroveError } from '../../domain/errors.ts';
import { AgentServiceService } from '../../proto/gen/grove/v1/agent.ts';
import { assertLoopback } from '../assert-loopback.ts';
import type { Log } from '../log-events.ts';
import { MessageStream, type RawStream } from './message-stream.ts';

/** A dead TCP connection is noticed within KEEPALIVE_MS + KEEPALIVE_TIMEOUT_MS even when nobody writes. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

/** Messages a little over the limit still arrive, so that the agent is told which limit it broke; far larger ones end in the transport. */
const RECEIVE_LIMIT_BYTES = MAX_MESSAGE_BYTES * 2;

export interface GrpcServerOptions {
  /** Loopback only: `127.0.0.1`, `::1` or `localhost`. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** Serves one stream to its end; never rejects. */
  serve(stream: MessageStream): Promise<void>;
}

export interface GrpcServer {
  /** `127.0.0.1:4701`. */
  readonly address: string;
  /** Ends every stream and waits for the sessions to settle. */
  stop(): Promise<void>;
}

/** Messages stay bytes until {@link MessageStream} reads them, so that a malformed one is answered instead of dropped by the transport. */
const RAW_SERVICE: ServiceDefinition = {
  connect: {
    ...AgentServiceService.connect,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  },
};

function asBuffer(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new TypeError('a raw stream carries bytes only');
}

/** Starts listening. Throws `bind-refused` for anything but loopback, and `port-in-use`. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  assertLoopback(options.host);
  // The library would print what it also reports to us.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': RECEIVE_LIMIT_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.keepalive_permit_without_calls': 1,
    // Nobody asks for its books, and they are kept per message.
    'grpc.enable_channelz': 0,
  });
  const streams = new Map<MessageStream, Promise<void>>();
  server.addService(RAW_SERVICE, {
    connect: (raw: RawStream) => {
      const stream = new MessageStream(raw, () => options.log('agent-too-slow', { peer: raw.getPeer() }));
      const served = options.serve(stream).finally(() => streams.delete(stream));
      streams.set(stream, served);
    },
  });
  const port = await bind(server, options);
  return { address: `${bracketed(options.host)}:${port}`, stop: () => stop(server, streams) };
}

function bind(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  const address = `${bracketed(host)}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      // The library reports the cause only in words.
      else if (/EADDRINUSE/.test(error.message)) reject(new GroveError('port-in-use', { address }, { cause: error }));
      else reject(new GroveError('invalid-config', { where: `grpcPort ${port}`, problem: error.message }, { cause: error }));
    });
  });
}

async function stop(server: Server, streams: ReadonlyMap<MessageStream, Promise<void>>): Promise<void> {
  for (const stream of streams.keys()) stream.end();
  server.forceShutdown();
  await Promise.all(streams.values());
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
