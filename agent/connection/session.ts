import { HEARTBEAT_MS, PROTOCOL_VERSION, RECONNECT_JITTER_MS } from '../../domain/constants.ts';
import type { DeviceState } from '../../domain/device.ts';
import { GroveError, toGroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Channel, Clock, Random, Timer, Transport } from '../../domain/ports.ts';
import type { AgentMessage, AgentStatus, CoordinatorMessage, Grant, Hello, LeaseVerdict, Welcome } from '../../domain/protocol.ts';
import type { Assignment, LeaseRef } from '../../domain/task.ts';
import type { AgentLog } from '../log-events.ts';
import { GrantRequests } from './grant-requests.ts';

/** A coordinator that does not welcome a hello within this is given up and tried again. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** After a refusal that no later attempt helps (version, clone) trying again soon changes nothing. */
const REFUSED_RETRY_MS = 10_000;

/** Sensors answer in microseconds; a heartbeat waits for them this long. */
const SENSOR_TIMEOUT_MS = 500;

type DeviceStates = Readonly<Record<string, DeviceState>>;

const NO_STATES: DeviceStates = {};

type AttemptKey = Pick<LeaseRef, 'taskId' | 'attempt'>;

/** What the session asks of, and tells to, the rest of the agent. Calls come one at a time. */
export interface SessionHandlers {
  /** Facts for a hello, as they are now. */
  hello(): Omit<Hello, 'type' | 'protocolVersion'>;
  status(): AgentStatus;
  deviceStates(): Promise<DeviceStates>;
  /** Leases to renew: running tasks and results that wait for an acknowledgement. */
  renewals(): readonly LeaseRef[];
  /** A connection was welcomed; leases it abandoned have been reported by `onVerdicts`. Resend what the last one may have lost. */
  onConnected(): void;
  /** @param sinceMs monotonic time from which the durations count: when the renewal was sent, so that a slow answer never lengthens a lease. */
  onVerdicts(verdicts: readonly LeaseVerdict[], sinceMs: number): void;
  onAssign(assignment: Assignment): void;
  onCompleteAck(ack: Extract<CoordinatorMessage, { type: 'completeAck' }>): void;
  onCancel(lease: AttemptKey, by: string): void;
  onRevoke(lease: AttemptKey, why: string): void;
  onDrain(why: string): void;
  /** Called with every heartbeat, connected or not. */
  onTick(): void;
}

export interface SessionOptions {
  readonly transport: Transport<AgentMessage, CoordinatorMessage>;
  readonly handlers: SessionHandlers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: AgentLog;
  /** For the log. */
  readonly url: string;
}

/**
 * The agent's one stream, kept open for as long as the agent lives.
 *
 * ```
 *   idle ──start──> connecting ──hello sent──> greeting ──welcome──> connected
 *                       ^                         │ refused, silent     │ ended, broken
 *                       └──────── jitter ─────────┴─────────────────────┘
 *   any ──stop──> stopped
 * ```
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #grants: GrantRequests;
  readonly #stopped = new AbortController();
  readonly #untilStopped: Promise<undefined>;
  /** Ends of the pauses under way. */
  readonly #pauses = new Set<() => void>();
  #channel: Channel<AgentMessage, CoordinatorMessage> | undefined;
  #welcomed = false;
  #heartbeatMs = HEARTBEAT_MS;
  #heartbeatTimer: Timer | undefined;
  #lastStatus = '';
  /** The read under way. */
  #sensors: Promise<DeviceStates> | undefined;
  /** Send times of heartbeats that are not answered yet, oldest first: the coordinator answers every one, in order. */
  #unansweredMs: number[] = [];
  #finished: Promise<void> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#untilStopped = new Promise((resolve) => this.#stopped.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
    this.#grants = new GrantRequests({ clock: options.clock, random: options.random, send: (request) => this.send(request) });
  }

  get connected(): boolean {
    return this.#welcomed;
  }

  start(): void {
    this.#scheduleHeartbeat();
    this.#finished = this.#connectForEver();
  }

  /** Closes the stream and resolves when nothing runs any more. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const end of this.#pauses) end();
    this.#heartbeatTimer?.cancel();
    this.#channel?.close();
    await this.#finished;
  }

  /** Sends when connected and drops otherwise: whoever needs more keeps the message and resends it in `onConnected`. */
  send(message: AgentMessage): void {
    if (this.#welcomed) this.#channel?.send(message);
  }

  /** Sends a heartbeat now if the status differs from the last one sent. */
  statusChanged(): void {
    const status = this.#options.handlers.status();
    if (JSON.stringify(status) === this.#lastStatus) return;
    this.#options.log.statusChanged({ state: status.state, why: status.why });
    void this.#sendHeartbeat();
  }

  requestGrants(
    what: { readonly lease: LeaseRef; readonly direction: 'put' | 'get'; readonly blobs: readonly Blob[] },
    signal: AbortSignal,
  ): Promise<readonly Grant[]> {
    return this.#grants.ask(what, signal);
  }

  async #connectForEver(): Promise<void> {
    const { log, random, url } = this.#options;
    while (!this.#stopped.signal.aborted) {
      log.connecting({ url });
      const ended = await this.#connectOnce();
      if (this.#stopped.signal.aborted) return;
      const retryMs = Math.round(random.float() * RECONNECT_JITTER_MS) + (ended.refused ? REFUSED_RETRY_MS : 0);
      log.disconnected({ why: ended.why, retryMs });
      await this.#pause(retryMs);
    }
  }

  /** Never throws: says how the connection ended. */
  async #connectOnce(): Promise<{ readonly why: string; readonly refused: boolean }> {
    try {
      const channel = await this.#openUnlessStopped();
      return channel === undefined ? { why: 'stopped', refused: false } : await this.#converse(channel);
    } catch (error) {
      return { why: toGroveError(error).message, refused: false };
    } finally {
      this.#channel?.close();
      this.#channel = undefined;
      this.#welcomed = false;
      this.#unansweredMs = [];
    }
  }

  /** Does not wait for a coordinator that does not answer once the agent is told to stop. */
  async #openUnlessStopped(): Promise<Channel<AgentMessage, CoordinatorMessage> | undefined> {
    const opening = this.#options.transport.connect(this.#stopped.signal);
    const first = await Promise.race([opening, this.#untilStopped]);
    if (!this.#stopped.signal.aborted) return first;
    opening.then(
      (channel) => channel.close(),
      () => {},
    );
    return undefined;
  }

  async #converse(channel: Channel<AgentMessage, CoordinatorMessage>): Promise<{ readonly why: string; readonly refused: boolean }> {
    const { clock, handlers, log } = this.#options;
    this.#channel = channel;
    const sentMs = clock.monotonicMs();
    const timeout = clock.after(WELCOME_TIMEOUT_MS, () => channel.close());
    try {
      const hello: Hello = { type: 'hello', protocolVersion: PROTOCOL_VERSION, ...handlers.hello() };
      this.#lastStatus = JSON.stringify(hello.status);
      channel.send(hello);
      for await (const message of channel.incoming) {
        if (message.type === 'refused') {
          log.refused({ code: message.error.code, why: message.error.message, advice: message.error.advice });
          return { why: message.error.message, refused: !message.error.retryable };
        }
        if (message.type === 'welcome') {
          timeout.cancel();
          this.#welcome(message, { sentMs, heldLeases: hello.heldLeases.length });
        } else this.#handle(message);
      }
      return { why: this.#welcomed ? 'closed' : 'no welcome', refused: false };
    } finally {
      timeout.cancel();
    }
  }

  #welcome(message: Welcome, { sentMs, heldLeases }: { readonly sentMs: number; readonly heldLeases: number }): void {
    const { handlers, log } = this.#options;
    if (message.protocolVersion !== PROTOCOL_VERSION)
      throw new GroveError('protocol-version', { agent: PROTOCOL_VERSION, coordinator: message.protocolVersion });
    this.#heartbeatMs = message.heartbeatMs;
    log.connected({ sessionId: message.sessionId, coordinatorVersion: message.coordinatorVersion, heldLeases });
    this.#guarded('welcome', () => handlers.onVerdicts(message.leases, sentMs));
    this.#welcomed = true;
    this.#guarded('welcome', () => handlers.onConnected());
    this.#grants.resendAll();
    this.#scheduleHeartbeat();
  }

  #handle(message: CoordinatorMessage): void {
    this.#guarded(message.type, () => this.#route(message));
  }

  #route(message: CoordinatorMessage): void {
    const { handlers } = this.#options;
    switch (message.type) {
      case 'assign':
        handlers.onAssign(message.assignment);
        break;
      case 'renewed':
        handlers.onVerdicts(message.leases, this.#renewalSentMs());
        break;
      case 'grant':
        this.#grants.answer(message);
        break;
      case 'completeAck':
        handlers.onCompleteAck(message);
        break;
      case 'cancel':
        handlers.onCancel(message.lease, message.by);
        break;
      case 'revoke':
        handlers.onRevoke(message.lease, message.why);
        break;
      case 'drain':
        handlers.onDrain(message.why);
        break;
      case 'welcome':
      case 'refused':
        // Parts of the greeting: see #converse.
        break;
    }
  }

  /** One message that cannot be handled must not cost the connection and with it every lease. */
  #guarded(where: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      const { code, message } = toGroveError(error);
      this.#options.log.messageRejected({ code, why: `${where}: ${message}` });
    }
  }

  /**
   * When the renewal now answered was sent. If answers are missing, an older heartbeat is taken: that can only make a lease look shorter. An answer
   * without a question (a coordinator that pushes) counts from the last heartbeat interval.
   */
  #renewalSentMs(): number {
    return this.#unansweredMs.shift() ?? this.#options.clock.monotonicMs() - this.#heartbeatMs;
  }

  #scheduleHeartbeat(): void {
    this.#heartbeatTimer?.cancel();
    if (this.#stopped.signal.aborted) return;
    this.#heartbeatTimer = this.#options.clock.after(this.#heartbeatMs, () => {
      this.#guarded('heartbeat', () => this.#options.handlers.onTick());
      void this.#sendHeartbeat();
      this.#scheduleHeartbeat();
    });
  }

  async #sendHeartbeat(): Promise<void> {
    const { clock, handlers } = this.#options;
    const channel = this.#channel;
    const deviceStates = await this.#deviceStatesInTime();
    if (!this.#welcomed || channel !== this.#channel) return;
    const status = handlers.status();
    const renewals = handlers.renewals();
    this.#lastStatus = JSON.stringify(status);
    this.#noteHeartbeat(clock.monotonicMs());
    this.send({ type: 'heartbeat', status, deviceStates, renewals });
  }

  /**
   * Empty when the sensors fail or are slow: a driver that hangs must not keep leases from being renewed. While it hangs it is not asked again, or its
   * reads would fill the thread pool that results are written with.
   */
  async #deviceStatesInTime(): Promise<DeviceStates> {
    this.#sensors ??= this.#options.handlers
      .deviceStates()
      .catch(() => NO_STATES)
      .finally(() => {
        this.#sensors = undefined;
      });
    return (await Promise.race([this.#sensors, this.#pause(SENSOR_TIMEOUT_MS)])) ?? NO_STATES;
  }

  /** Bounded: a coordinator that stopped answering must not make the list grow; dropping the newest keeps the answer's age pessimistic. */
  #noteHeartbeat(nowMs: number): void {
    if (this.#unansweredMs.length < 8) this.#unansweredMs.push(nowMs);
  }

  /** Ends early when the agent stops. Not by a race against that promise: what waits for it is kept for as long as the agent lives. */
  #pause(delayMs: number): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.after(delayMs, end);
      this.#pauses.add(end);
    });
  }
}
