import type { Response } from 'express';
import { EVENT_HEARTBEAT_MS, type FarmEvent } from '../../../api/events.ts';
import type { Clock, Timer } from '../../../domain/ports.ts';
import { writeChunk } from './write-chunks.ts';

/** Bounds of one stream. */
export interface EventStreamOptions {
  /** Events that may wait for a slow reader. One more closes the stream: the reader comes back and resumes. */
  readonly backlog: number;
  readonly clock: Clock;
}

/** One client's server-sent events: first the past, then the queue of what has happened since, each at the client's pace. */
export class EventStream {
  readonly #res: Response;
  readonly #options: EventStreamOptions;
  readonly #queue: FarmEvent[] = [];
  #sentSequence = -1;
  #wake = () => {};

  constructor(res: Response, options: EventStreamOptions) {
    this.#res = res;
    this.#options = options;
  }

  /** Queues an event, or closes the stream of a reader that is too far behind. */
  push(event: FarmEvent): void {
    if (this.#queue.length >= this.#options.backlog) this.#res.destroy();
    else this.#queue.push(event);
    this.#wake();
  }

  /** Sends `past`, then what was and is pushed, until `signal` aborts. An event that is in both is sent once. */
  async run(past: AsyncIterable<FarmEvent>, signal: AbortSignal): Promise<void> {
    this.#res.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders();
    const heartbeat = this.#beat();
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      for await (const event of past) {
        if (signal.aborted) return;
        await this.#send(event);
      }
      await this.#sendQueue(signal);
    } finally {
      heartbeat.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #sendQueue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pushed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (let event = this.#queue.shift(); event !== undefined && !signal.aborted; event = this.#queue.shift()) await this.#send(event);
      if (!signal.aborted) await pushed;
    }
  }

  async #send(event: FarmEvent): Promise<void> {
    const durable = event.type !== 'progress' && event.type !== 'reset';
    if (durable && event.sequence <= this.#sentSequence) return;
    if (durable) this.#sentSequence = event.sequence;
    const id = durable ? `id: ${event.sequence}\n` : '';
    await writeChunk(this.#res, `event: ${event.type}\n${id}data: ${JSON.stringify(event)}\n\n`);
  }

  /** A comment now and then keeps proxies and both ends sure of each other; not while the reader is behind anyway. */
  #beat(): Timer {
    let timer: Timer;
    const beat = () => {
      if (!this.#res.writableNeedDrain) this.#res.write(': alive\n\n');
      timer = this.#options.clock.after(EVENT_HEARTBEAT_MS, beat);
    };
    timer = this.#options.clock.after(EVENT_HEARTBEAT_MS, beat);
    return { cancel: () => timer.cancel() };
  }
}
