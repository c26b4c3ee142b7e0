import type { Delivery, Notice } from '../../api/notifications.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import { type Channel, DeliveryError } from './channel.ts';

/** Pauses before further attempts, milliseconds; after the last one a notice is given up. */
const RETRY_AFTER_MS = [2_000, 10_000, 60_000, 300_000, 1_800_000];
/** Longest that one attempt takes, milliseconds. */
const ATTEMPT_MS = 30_000;
/** Notices that wait for one channel; beyond them new ones are given up at once. */
const MAX_WAITING = 100;
const REMEMBERED = 100;

export interface OutboxDeps {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  onDelivered(delivery: Delivery): void;
  /** Given up. */
  onFailed(delivery: Delivery): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Delivers notices on every channel, in their order, again when it fails. Nothing waits for it and nothing it meets is thrown. */
export class Outbox {
  readonly #lines: readonly Line[];
  readonly #deliveries: Mutable<Delivery>[] = [];

  constructor(deps: OutboxDeps) {
    this.#lines = deps.channels.map((channel) => new Line(channel, deps));
  }

  /** Newest first. */
  get deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }

  send(notice: Notice): void {
    for (const line of this.#lines) {
      const { id: noticeId, subject } = notice;
      const delivery: Mutable<Delivery> = {
        noticeId,
        subject,
        channel: line.name,
        state: 'waiting',
        attempts: 0,
        at: notice.at,
        error: null,
      };
      this.#deliveries.unshift(delivery);
      this.#deliveries.splice(REMEMBERED);
      line.add({ notice, delivery });
    }
  }

  /** Resolves when no attempt is under way; what waits is given up. */
  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.stop()));
  }
}

interface Waiting {
  readonly notice: Notice;
  readonly delivery: Mutable<Delivery>;
}

/** One channel's notices, one at a time. */
class Line {
  readonly #channel: Channel;
  readonly #deps: OutboxDeps;
  readonly #waiting: Waiting[] = [];
  readonly #stop = new AbortController();
  #pause: Timer | undefined;
  #busy: Promise<void> | undefined;

  constructor(channel: Channel, deps: OutboxDeps) {
    this.#channel = channel;
    this.#deps = deps;
  }

  get name(): string {
    return this.#channel.name;
  }

  add(one: Waiting): void {
    if (this.#waiting.length < MAX_WAITING) {
      this.#waiting.push(one);
      this.#begin();
    } else this.#giveUp(one, 'too many notices wait for this channel');
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#pause?.cancel();
    await this.#busy;
  }

  #begin(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#busy !== undefined || this.#pause !== undefined || this.#stop.signal.aborted) return;
    this.#busy = this.#attempt(next).then(() => {
      this.#busy = undefined;
      this.#begin();
    });
  }

  async #attempt(one: Waiting): Promise<void> {
    const { delivery, notice } = one;
    const tooLong = new AbortController();
    const limit = this.#deps.clock.after(ATTEMPT_MS, () => tooLong.abort());
    delivery.attempts += 1;
    try {
      await this.#channel.deliver(notice, AbortSignal.any([this.#stop.signal, tooLong.signal]));
      this.#waiting.shift();
      Object.assign(delivery, { state: 'delivered', at: this.#deps.clock.now(), error: null });
      this.#deps.onDelivered(delivery);
    } catch (error) {
      this.#failed(one, error);
    } finally {
      limit.cancel();
    }
  }

  #failed(one: Waiting, error: unknown): void {
    const { delivery } = one;
    const message = error instanceof Error ? error.message : String(error);
    const pauseMs = RETRY_AFTER_MS[delivery.attempts - 1];
    if (this.#stop.signal.aborted) return;
    if (pauseMs === undefined || (error instanceof DeliveryError && error.isFinal)) {
      this.#waiting.shift();
      this.#giveUp(one, message);
      return;
    }
    Object.assign(delivery, { at: this.#deps.clock.now(), error: message });
    this.#pause = this.#deps.clock.after(pauseMs, () => {
      this.#pause = undefined;
      this.#begin();
    });
  }

  #giveUp({ delivery }: Waiting, error: string): void {
    Object.assign(delivery, { state: 'failed', at: this.#deps.clock.now(), error });
    this.#deps.onFailed(delivery);
  }
}
