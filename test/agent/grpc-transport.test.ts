import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcTransport } from '../../agent/connection/grpc-transport.ts';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import type { CoordinatorMessage } from '../../domain/protocol.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { holdProcess } from '../../platform/keep-alive.ts';
import { systemRandom } from '../../platform/random.ts';
import { type AgentMessage, AgentServiceService, type CoordinatorMessage as WireMessage } from '../../proto/gen/grove/v1/agent.ts';

const PORTS = { clock: createSystemClock(), random: systemRandom, terms: () => ({ identity: undefined, insecure: false }) };

describe('the gRPC transport', () => {
  let server: Server;
  let url = '';
  let streams: ServerDuplexStream<AgentMessage, WireMessage>[];
  let received: AgentMessage[];
  let release = () => {};

  beforeEach(async () => {
    release = holdProcess();
    [streams, received] = [[], []];
    server = new Server({ 'grpc.max_send_message_length': MAX_MESSAGE_BYTES * 4 });
    server.addService(AgentServiceService, {
      connect: (stream: ServerDuplexStream<AgentMessage, WireMessage>) => {
        streams.push(stream);
        stream.on('data', (message: AgentMessage) => received.push(message));
        stream.on('error', () => {});
        stream.on('end', () => stream.end());
      },
    });
    url = await new Promise<string>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(`grpc://127.0.0.1:${port}`),
      );
    });
  });
  afterEach(() => {
    server.forceShutdown();
    release();
  });

  const connect = (signal?: AbortSignal) => createGrpcTransport(url, PORTS).connect(signal);

  async function connected() {
    const channel = await connect();
    channel.send({ type: 'accept', lease: { taskId: 'j-1', attempt: 1, token: 'f'.repeat(32) } });
    await expect.poll(() => received.length).toBe(1);
    return channel;
  }

  /** Everything that still arrives, and how it ends. */
  async function drain(incoming: AsyncIterable<CoordinatorMessage>): Promise<{ messages: CoordinatorMessage[]; error: unknown }> {
    const messages: CoordinatorMessage[] = [];
    try {
      for await (const message of incoming) messages.push(message);
      return { messages, error: undefined };
    } catch (error) {
      return { messages, error };
    }
  }

  it('carries messages both ways in order and ends cleanly', async () => {
    const channel = await connected();
    expect(received[0]?.message).toMatchObject({ $case: 'accept', value: { lease: { taskId: 'j-1' } } });
    for (const why of ['one', 'two']) streams[0]?.write({ message: { $case: 'drain', value: { why } } });
    streams[0]?.end();
    expect(await drain(channel.incoming)).toEqual({
      messages: [
        { type: 'drain', why: 'one' },
        { type: 'drain', why: 'two' },
      ],
      error: undefined,
    });
    channel.close();
  });

  it('ends with an error when the coordinator dies', async () => {
    const channel = await connected();
    server.forceShutdown();
    expect((await drain(channel.incoming)).error).toMatchObject({ code: 'connection-lost' });
    channel.close();
  });

  it('ends at a malformed message, after what came before it', async () => {
    const channel = await connected();
    streams[0]?.write({ message: { $case: 'drain', value: { why: 'fine' } } });
    streams[0]?.write({ message: { $case: 'assign', value: { assignmentJson: '{' } } });
    const { messages, error } = await drain(channel.incoming);
    expect(messages).toEqual([{ type: 'drain', why: 'fine' }]);
    expect(error).toMatchObject({ code: 'malformed-message' });
    channel.close();
  });

  it('refuses a message over the limit', async () => {
    const channel = await connected();
    streams[0]?.write({ message: { $case: 'drain', value: { why: 'x'.repeat(MAX_MESSAGE_BYTES + 1) } } });
    expect((await drain(channel.incoming)).error).toMatchObject({ code: 'message-too-large' });
    channel.close();
  });

  it('says when nobody listens, and gives up at once when told to', async () => {
    server.forceShutdown();
    const controller = new AbortController();
    const outcome = expect(connect(controller.signal)).rejects.toMatchObject({ code: 'not-running' });
    controller.abort();
    await outcome;
  });

  it.each(['grpc://lab-17:4701', 'grpc://10.0.0.1:4701', 'grpc://[2001:db8::1]:4701', 'grpc://127.0.0.1.example.org:4701'])(
    'refuses %s, which is not this machine',
    (address) => {
      expect(() => createGrpcTransport(address, PORTS)).toThrow(expect.objectContaining({ code: 'connect-refused' }));
    },
  );

  it.each(['127.0.0.1', 'https://127.0.0.1:1', 'grpc://127.0.0.1', ''])('refuses "%s", which is no address', (address) => {
    expect(() => createGrpcTransport(address, PORTS)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
  });
});
