import { type ClientDuplexStream, status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { GroveError, isErrorCode } from '../../domain/errors.ts';
import type { Channel, Clock, EpochMs, Random, Transport } from '../../domain/ports.ts';
import type { AgentMessage, CoordinatorMessage } from '../../domain/protocol.ts';
import type * as wire from '../../proto/gen/grove/v1/agent.ts';
import { AgentServiceClient } from '../../proto/gen/grove/v1/agent.ts';
import { fromWire, toWire } from './convert.ts';
import { type ConnectTerms, type Target, targetOf } from './coordinator-address.ts';
import { createFailoverTransport } from './failover-transport.ts';
import { MessageQueue } from './message-queue.ts';

/** A connection that answers no ping for this long is dead even if its socket looks open. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Sooner where there is another coordinator to try. */
const FAILOVER_TIMEOUT_MS = 1_500;
const CONNECT_SLICE_MS = 250;
/** While a coordinator restarts: tries often enough that its agents are back within the closed stream's grace. */
const RETRY_MS = 500;

export interface GrpcTransportOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** As they are when a connection is opened. */
  terms(): ConnectTerms;
}

/**
 * The agent's end of the stream over gRPC. Throws `connect-refused` and `invalid-config` at once for an address that it will not connect to.
 *
 * @param urls `grpc://127.0.0.1:4701`, with TLS `grpcs://HOST:PORT`; of several coordinators separated by commas.
 */
export function createGrpcTransport(
  urls: string,
  { clock, random, terms }: GrpcTransportOptions,
): Transport<AgentMessage, CoordinatorMessage> {
  const all = urls.split(',').map((url) => url.trim());
  const timeoutMs = all.length > 1 ? FAILOVER_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
  const transports = all.map((url) => {
    targetOf(url, terms());
    return { connect: (signal?: AbortSignal) => openChannel(targetOf(url, terms()), { url, clock, timeoutMs, signal }) };
  });
  return createFailoverTransport(transports, random);
}

interface ConnectOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

async function openChannel({ address, credentials }: Target, options: ConnectOptions): Promise<Channel<AgentMessage, CoordinatorMessage>> {
  const client = new AgentServiceClient(address, credentials, {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': RETRY_MS,
    'grpc.max_reconnect_backoff_ms': 2 * RETRY_MS,
    // Reconnecting is the session's business: a stream that breaks must be seen to break.
    'grpc.enable_retries': 0,
    // Two agents of one process must not share a connection.
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    await untilReady(client, options);
  } catch (cause) {
    client.close();
    throw new GroveError('not-running', { url: options.url }, { cause });
  }
  return new GrpcChannel(client, client.connect());
}

/** Waits in slices: one long wait could not be given up, and its timer would keep a stopped agent's process alive. */
async function untilReady(client: AgentServiceClient, { clock, timeoutMs, signal }: ConnectOptions): Promise<void> {
  const endMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const problem = await isReadyWithin(client, clock.now() + CONNECT_SLICE_MS);
    if (problem === undefined) return;
    if (signal?.aborted || clock.monotonicMs() >= endMs) throw problem;
  }
}

function isReadyWithin(client: AgentServiceClient, deadline: EpochMs): Promise<Error | undefined> {
  return new Promise((resolve) => {
    client.waitForReady(deadline, resolve);
  });
}

class GrpcChannel implements Channel<AgentMessage, CoordinatorMessage> {
  readonly incoming: AsyncIterable<CoordinatorMessage>;
  readonly #client: AgentServiceClient;
  readonly #stream: ClientDuplexStream<wire.AgentMessage, wire.CoordinatorMessage>;
  readonly #queue = new MessageQueue<CoordinatorMessage>();

  constructor(client: AgentServiceClient, stream: ClientDuplexStream<wire.AgentMessage, wire.CoordinatorMessage>) {
    this.#client = client;
    this.#stream = stream;
    this.incoming = this.#queue;
    stream.on('data', (message: wire.CoordinatorMessage) => this.#receive(message));
    stream.on('error', (error: ServiceError) => this.#queue.fail(toConnectionError(error)));
    stream.on('end', () => this.#end());
  }

  send(message: AgentMessage): void {
    const encoded = toWire(message);
    if (!this.#stream.writable) return;
    this.#stream.write(encoded);
  }

  close(): void {
    this.#end();
    this.#stream.end();
    this.#client.close();
  }

  #receive(message: wire.CoordinatorMessage): void {
    try {
      this.#queue.push(fromWire(message));
    } catch (error) {
      this.#queue.fail(error);
      this.#stream.cancel();
    }
  }

  #end(): void {
    this.#queue.end();
    this.#client.close();
  }
}

/** The coordinator's refusals arrive as a status whose details begin with a registry code: `duplicate-agent: ...`. */
function toConnectionError(error: ServiceError): GroveError {
  const code = /^([a-z-]+): /.exec(error.details)?.[1];
  if (code === 'message-too-large' || error.code === grpcStatus.RESOURCE_EXHAUSTED) {
    return new GroveError('message-too-large', { sizeBytes: 'unknown', limitBytes: MAX_MESSAGE_BYTES }, { cause: error });
  }
  if (code !== undefined && isErrorCode(code)) return new GroveError('connection-lost', { problem: error.details }, { cause: error });
  return new GroveError('connection-lost', { problem: `${grpcStatus[error.code] ?? error.code}: ${error.details}` }, { cause: error });
}
