import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import { toWire } from '../../agent/connection/convert.ts';
import { PROTOCOL_VERSION } from '../../domain/constants.ts';
import type { Device, DeviceProfile } from '../../domain/device.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { AgentMessage, Grant, HeldLease, Hello } from '../../domain/protocol.ts';
import { type Assignment, type AttemptOutcome, assignmentSchema, type LeaseRef } from '../../domain/task.ts';
import * as wire from '../../proto/gen/grove/v1/agent.ts';
import { deviceOf, hostOf } from './devices.ts';

type Answer = NonNullable<wire.CoordinatorMessage['message']>;
type Case = Answer['$case'];
type ValueOf<C extends Case> = Extract<Answer, { $case: C }>['value'];

export interface ScriptedHello extends Partial<Hello> {
  readonly profile?: Partial<DeviceProfile>;
}

/** A hello with one CPU device, changed where the test cares. */
export function helloOf(agentId: string, { profile, ...change }: ScriptedHello = {}): Hello {
  const device: Device = deviceOf(`${agentId}/cpu0`, profile);
  return {
    type: 'hello',
    protocolVersion: PROTOCOL_VERSION,
    agentVersion: '1',
    agentId,
    instanceId: `instance-${agentId}`,
    host: hostOf(`host-${agentId}`),
    devices: [device],
    missing: [],
    status: { state: 'ready', why: '' },
    heldLeases: [],
    ...change,
  };
}

/** One stream to a coordinator over real gRPC, driven message by message. */
export class ScriptedAgent {
  readonly agentId: string;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #inbox: Answer[] = [];
  readonly #waiting = new Set<() => void>();
  /** Status of the stream once it has ended. */
  readonly closed: Promise<StatusObject>;
  #ended = false;

  constructor(address: string, agentId: string) {
    this.agentId = agentId;
    this.#client = new Client(address, credentials.createInsecure());
    const same = (bytes: Buffer): Buffer => bytes;
    this.#stream = this.#client.makeBidiStreamRequest('/grove.v1.AgentService/Connect', same, same);
    this.#stream.on('data', (bytes: Buffer) => {
      const { message } = wire.CoordinatorMessage.decode(bytes);
      if (message !== undefined) this.#inbox.push(message);
      this.#wake();
    });
    this.#stream.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.#stream.on('status', (status: StatusObject) => {
        this.#ended = true;
        this.#wake();
        resolve(status);
      });
    });
  }

  /** Connects, says hello and waits for the welcome. */
  static async join(address: string, agentId: string, hello: ScriptedHello = {}): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(address, agentId);
    agent.send(helloOf(agentId, hello));
    await agent.next('welcome');
    return agent;
  }

  send(message: AgentMessage): void {
    this.sendBytes(wire.AgentMessage.encode(toWire(message)).finish());
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(Buffer.from(bytes));
  }

  /** The next message of that kind; others that came before it are dropped. Throws when the stream ends first. */
  async next<C extends Case>(kind: C): Promise<ValueOf<C>> {
    for (;;) {
      for (let message = this.#inbox.shift(); message !== undefined; message = this.#inbox.shift()) {
        const value = valueIf(message, kind);
        if (value !== undefined) return value;
      }
      if (this.#ended) throw new Error(`the stream ended before ${kind} came`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Kinds of the messages that have arrived and were not asked for. */
  pendingKinds(): readonly Case[] {
    return this.#inbox.map(({ $case }) => $case);
  }

  async nextAssignment(): Promise<Assignment> {
    return assignmentSchema.parse(JSON.parse((await this.next('assign')).assignmentJson));
  }

  /** Takes the next assignment. */
  async accept(): Promise<Assignment> {
    const assignment = await this.nextAssignment();
    this.send({ type: 'accept', lease: assignment.lease });
    return assignment;
  }

  /** Reports an outcome and waits for the answer. */
  async complete(lease: LeaseRef, outcome: AttemptOutcome): Promise<{ recorded: boolean; code: string | null }> {
    this.send({ type: 'complete', lease, outcome });
    const { recorded, errorJson } = await this.next('completeAck');
    return { recorded, code: codeOf(errorJson) };
  }

  async grants(
    lease: LeaseRef,
    direction: 'put' | 'get',
    blobs: readonly Blob[],
  ): Promise<{ grants: readonly Grant[]; code: string | null }> {
    this.send({ type: 'grantRequest', requestId: 'request-1', lease, direction, blobs });
    const { grants, errorJson } = await this.next('grant');
    return { grants, code: codeOf(errorJson) };
  }

  heartbeat(renewals: readonly LeaseRef[] = []): void {
    this.send({ type: 'heartbeat', status: { state: 'ready', why: '' }, deviceStates: {}, renewals });
  }

  /** Breaks the connection as a crash would. */
  drop(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  close(): void {
    this.#stream.end();
    this.#client.close();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

export function held(lease: LeaseRef, resultPending = false): HeldLease {
  return { lease, stage: null, resultPending };
}

/** The registry code of an error document; null for none. */
export function codeOf(errorJson: string): string | null {
  if (errorJson === '') return null;
  const error: unknown = JSON.parse(errorJson);
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no code';
}

function valueIf<C extends Case>(message: Answer, kind: C): ValueOf<C> | undefined {
  // `$case` decides the type of `value`, which the compiler cannot see through a type parameter.
  return message.$case === kind ? (message.value as never) : undefined;
}
