import { PROTOCOL_VERSION } from '../../domain/constants.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Channel, Transport } from '../../domain/ports.ts';
import type { AgentMessage, CoordinatorMessage, Hello, LeaseVerdict } from '../../domain/protocol.ts';
import { MessageQueue } from './message-queue.ts';

type MessageOf<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

/** One connection of an agent, seen from the coordinator. */
export class ScriptedStream implements Channel<AgentMessage, CoordinatorMessage> {
  readonly incoming = new MessageQueue<CoordinatorMessage>();
  readonly received: AgentMessage[] = [];
  readonly #onMessage: (message: AgentMessage) => void;
  closedByAgent = false;

  constructor(onMessage: (message: AgentMessage) => void) {
    this.#onMessage = onMessage;
  }

  send(message: AgentMessage): void {
    if (this.closedByAgent) return;
    this.received.push(message);
    this.#onMessage(message);
  }

  close(): void {
    this.closedByAgent = true;
    this.incoming.end();
  }
}

/**
 * A coordinator in the same process that says what a test tells it to. By default it welcomes every hello, lets every held lease continue, and answers
 * heartbeats; tests replace `onMessage` for more.
 */
export class ScriptedCoordinator implements Transport<AgentMessage, CoordinatorMessage> {
  readonly streams: ScriptedStream[] = [];
  /** Set to refuse connections. */
  unreachable = false;
  /** Verdict per held lease of a hello. */
  verdict: (lease: { readonly taskId: string; readonly attempt: number }) => LeaseVerdict = (lease) => ({
    lease,
    verdict: 'continue',
    durationMs: 30_000,
  });
  /** What the coordinator does about a message, after its default answer. */
  onMessage: (message: AgentMessage) => void = () => {};
  /** Off: hellos and heartbeats get no answer. */
  answers = true;
  readonly #waiting = new Set<() => void>();

  async connect(): Promise<Channel<AgentMessage, CoordinatorMessage>> {
    if (this.unreachable) throw new GroveError('not-running', { url: 'scripted' });
    const stream = new ScriptedStream((message) => this.#handle(stream, message));
    this.streams.push(stream);
    this.#wake();
    return stream;
  }

  get current(): ScriptedStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error('no agent has connected');
    return stream;
  }

  say(message: CoordinatorMessage): void {
    this.current.incoming.push(message);
  }

  /** Everything any connection received, oldest first. */
  all<Type extends AgentMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.streams.flatMap(({ received }) => received).filter((message): message is MessageOf<Type> => message.type === type);
  }

  /** The first message of that type that satisfies the condition, now or later. */
  async next<Type extends AgentMessage['type']>(
    type: Type,
    condition: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    for (;;) {
      const found = this.all(type).find(condition);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #handle(stream: ScriptedStream, message: AgentMessage): void {
    if (this.answers && message.type === 'hello') stream.incoming.push(this.welcome(message));
    if (this.answers && message.type === 'heartbeat')
      stream.incoming.push({ type: 'renewed', leases: message.renewals.map((lease) => this.verdict(lease)) });
    this.onMessage(message);
    this.#wake();
  }

  welcome({ heldLeases }: Pick<Hello, 'heldLeases'>): CoordinatorMessage {
    const leases = heldLeases.map(({ lease }) => this.verdict({ taskId: lease.taskId, attempt: lease.attempt }));
    return {
      type: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      coordinatorVersion: '0',
      sessionId: this.streams.length,
      heartbeatMs: 3_000,
      leases,
    };
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
