import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { fromWire, toWire } from '../../agent/connection/convert.ts';
import { MessageQueue } from '../../agent/connection/message-queue.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Channel, Clock, Random, Transport } from '../../domain/ports.ts';
import type { AgentMessage, CoordinatorMessage } from '../../domain/protocol.ts';
import {
  AgentServiceService,
  AgentMessage as WireAgentMessage,
  CoordinatorMessage as WireCoordinatorMessage,
} from '../../proto/gen/grove/v1/agent.ts';

/** As the agents' own connection: it is tried again this often, with as much again by chance, until that long has passed. */
const RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 5_000;
/** Before each message: one byte that says it is not compressed, and its length. */
const PREFIX_BYTES = 5;
const HEADERS = { ':method': 'POST', ':path': AgentServiceService.connect.path, 'content-type': 'application/grpc', te: 'trailers' };

export interface Http2TransportOptions {
  /** `127.0.0.1:4701`. */
  readonly address: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The agents' stream written straight to Node's HTTP/2. Ten thousand agents of a farm have ten thousand machines and those of a bench share its cores: a
 * whole gRPC client for each would be most of what a storm of them measures. What travels is the same.
 */
export function createHttp2Transport(options: Http2TransportOptions): Transport<AgentMessage, CoordinatorMessage> {
  return { connect: async (signal) => new Http2Channel(await openSocket(options, signal), options.address) };
}

async function openSocket({ address, clock, random }: Http2TransportOptions, signal: AbortSignal | undefined): Promise<Socket> {
  const endMs = clock.monotonicMs() + CONNECT_TIMEOUT_MS;
  for (;;) {
    const socket = await tryConnect(address);
    if (socket !== undefined) return socket;
    if (signal?.aborted || clock.monotonicMs() >= endMs) throw new GroveError('not-running', { url: `grpc://${address}` });
    await new Promise<void>((resolve) => void clock.after(RETRY_MS * (1 + random.float()), resolve));
  }
}

function tryConnect(address: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve) => {
    const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

class Http2Channel implements Channel<AgentMessage, CoordinatorMessage> {
  readonly incoming: AsyncIterable<CoordinatorMessage>;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #queue = new MessageQueue<CoordinatorMessage>();
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, address: string) {
    const lost = (error: Error): void => this.#queue.fail(new GroveError('connection-lost', { problem: error.message }, { cause: error }));
    this.incoming = this.#queue;
    this.#session = connectHttp2(`http://${address}`, { createConnection: () => socket });
    this.#session.on('error', lost);
    this.#stream = this.#session.request(HEADERS, { endStream: false });
    this.#stream.on('error', lost);
    this.#stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on('close', () => this.close());
  }

  send(message: AgentMessage): void {
    if (!this.#stream.writable) return;
    const bytes = WireAgentMessage.encode(toWire(message)).finish();
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
    frame[0] = 0;
    frame.writeUInt32BE(bytes.length, 1);
    frame.set(bytes, PREFIX_BYTES);
    this.#stream.write(frame);
  }

  close(): void {
    this.#queue.end();
    this.#session.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) return;
      this.#push(this.#rest.subarray(PREFIX_BYTES, end));
      this.#rest = this.#rest.subarray(end);
    }
  }

  #push(bytes: Buffer): void {
    try {
      this.#queue.push(fromWire(WireCoordinatorMessage.decode(bytes)));
    } catch (error) {
      this.#queue.fail(error);
      this.#session.destroy();
    }
  }
}
