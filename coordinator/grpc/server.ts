import {
  status as GrpcStatus,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import { GroveError, toGroveError } from '../../domain/errors.ts';
import { AgentServiceService, type RenewAnswer, type RenewRequest } from '../../proto/gen/grove/v1/agent.ts';
import type { AgentIdentity, Enrolments } from '../access/enrolments.ts';
import { assertSafe, type Exposure } from '../exposure.ts';
import type { Log } from '../log-events.ts';
import { MessageStream, type RawStream } from './message-stream.ts';

/** A dead TCP connection is noticed within KEEPALIVE_MS + KEEPALIVE_TIMEOUT_MS even when nobody writes. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

/** Messages a little over the limit still arrive, so that the agent is told which limit it broke; far larger ones end in the transport. */
const RECEIVE_LIMIT_BYTES = MAX_MESSAGE_BYTES * 2;

export interface GrpcServerOptions {
  readonly host: string;
  readonly exposure: Exposure;
  /** Whose certificates are good; undefined for a farm that enrols nobody. */
  readonly enrolments: Pick<Enrolments, 'identify' | 'renew'> | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  /** Serves one stream to its end; never rejects. `identity` is null where agents are not asked who they are. */
  serve(stream: MessageStream, identity: AgentIdentity | null): Promise<void>;
}

export interface GrpcServer {
  /** `127.0.0.1:4701`. */
  readonly address: string;
  /** Ends every stream and waits for the sessions to settle. */
  stop(): Promise<void>;
}

/** Messages stay bytes until {@link MessageStream} reads them, so that a malformed one is answered instead of dropped by the transport. */
const RAW_SERVICE = {
  ...AgentServiceService,
  connect: {
    ...AgentServiceService.connect,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

function asBuffer(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new TypeError('a raw stream carries bytes only');
}

/** Starts listening. Throws `bind-refused` for an address that others can reach without a certificate, and `port-in-use`. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  assertSafe(options.host, options.exposure);
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
  // A method of the service without its line here does not compile, and every line begins with who calls.
  const methods: Record<keyof typeof AgentServiceService, unknown> = {
    connect: (raw: RawStream) => {
      const stream = new MessageStream(raw, () => options.log('agent-too-slow', { peer: raw.getPeer() }));
      const served = serveIdentified(stream, raw, options).finally(() => streams.delete(stream));
      streams.set(stream, served);
    },
    renew: (call: ServerUnaryCall<RenewRequest, RenewAnswer>, answer: sendUnaryData<RenewAnswer>) => void renew(call, answer, options),
  };
  server.addService(RAW_SERVICE, Object(methods));
  const port = await bind(server, options);
  return { address: `${bracketed(options.host)}:${port}`, stop: () => stop(server, streams) };
}

type Guarded = Pick<GrpcServerOptions, 'enrolments' | 'log' | 'serve'>;

async function serveIdentified(stream: MessageStream, raw: RawStream, { enrolments, log, serve }: Guarded): Promise<void> {
  let identity: AgentIdentity | null;
  try {
    identity = await identityOf(raw, enrolments);
  } catch (thrown) {
    const error = toGroveError(thrown);
    log('agent-refused', { peer: raw.getPeer(), code: error.code, error: error.message });
    stream.refuse(error);
    return;
  }
  await serve(stream, identity);
}

/** Answers the next certificate of whoever calls. Never rejects. */
async function renew(
  call: ServerUnaryCall<RenewRequest, RenewAnswer>,
  answer: sendUnaryData<RenewAnswer>,
  { enrolments, log }: Guarded,
): Promise<void> {
  try {
    const identity = await identityOf(call, enrolments);
    if (identity === null || enrolments === undefined)
      throw new GroveError('invalid-request', { problem: 'this farm enrols nobody: it was started without --listen' });
    answer(null, { certificate: await enrolments.renew(identity.agentId, call.request.request) });
    log('agent-renewed', { agentId: identity.agentId });
  } catch (thrown) {
    const error = toGroveError(thrown);
    log('agent-refused', { peer: call.getPeer(), code: error.code, error: error.message });
    answer({ code: GrpcStatus[error.spec.grpc], details: `${error.code}: ${error.message}` });
  }
}

/** TLS has proved that the caller has the key of the certificate and that the farm's authority signed it. Throws `agent-revoked`. */
async function identityOf(
  call: Pick<RawStream, 'getAuthContext'>,
  enrolments: GrpcServerOptions['enrolments'],
): Promise<AgentIdentity | null> {
  if (enrolments === undefined) return null;
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) throw new GroveError('unauthenticated', { problem: 'the agent has no certificate' });
  return await enrolments.identify(certificate.raw);
}

function bind(server: Server, { host, port, exposure }: GrpcServerOptions): Promise<number> {
  const address = `${bracketed(host)}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentialsOf(exposure), (error, bound) => {
      if (error === null) resolve(bound);
      // The library reports the cause only in words.
      else if (/EADDRINUSE/.test(error.message)) reject(new GroveError('port-in-use', { address }, { cause: error }));
      else reject(new GroveError('invalid-config', { where: `grpcPort ${port}`, problem: error.message }, { cause: error }));
    });
  });
}

/** Enrolled agents only: without a certificate of the authority there is no connection. */
function credentialsOf(exposure: Exposure): ServerCredentials {
  if (exposure.kind !== 'enrolled') return ServerCredentials.createInsecure();
  const { certificate, privateKey } = exposure.server;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(privateKey) };
  return ServerCredentials.createSsl(Buffer.from(exposure.authority), [pair], true);
}

async function stop(server: Server, streams: ReadonlyMap<MessageStream, Promise<void>>): Promise<void> {
  for (const stream of streams.keys()) stream.end();
  server.forceShutdown();
  await Promise.all(streams.values());
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
