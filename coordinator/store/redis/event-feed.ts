import type { Redis } from 'ioredis';
import { z } from 'zod';
import { agentMarkSchema } from '../../../domain/agent-mark.ts';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import { jobStateSchema } from '../../../domain/job.ts';
import type { Clock, Timer } from '../../../domain/ports.ts';
import { taskStateSchema } from '../../../domain/task-state.ts';
import type { StoreEvent } from '../task-store.ts';
import type { RedisLink, RedisLog } from './connect.ts';
import type { Keys } from './keys.ts';
import { countsOf } from './records.ts';

/** Entries read at once: each holds up to a hundred events. */
const ENTRIES_PER_READ = 200;
/** A blocking read gives up after this and starts again; shorter than the link's own patience with a silent server. */
const BLOCK_MS = 5_000;
/** A command is answered without its events after this: they are late, not lost. */
const DELIVERY_PATIENCE_MS = 1_000;
/** Pause after a read that failed for another reason than the connection. */
const RETRY_MS = 500;

/** An empty list comes out of Lua as `{}`. */
const list = z.union([z.array(z.string()), z.strictObject({}).transform(() => [])]);

const draftSchema = z.union([
  z.tuple([z.literal('t'), z.string(), list, taskStateSchema, z.number(), z.union([z.string(), z.literal(false)])]),
  z.tuple([z.literal('j'), z.string(), jobStateSchema, z.array(z.number())]),
  z.tuple([z.literal('r'), z.string()]),
  z.tuple([
    z.literal('a'),
    z.string(),
    z.enum(['connected', 'closing', 'offline']),
    z.enum(['ready', 'not-ready', 'draining']),
    z.union([agentMarkSchema.shape.kind, z.literal(false)]),
  ]),
  z.tuple([z.literal('h'), z.string()]),
  z.tuple([z.literal('q')]),
]);
type Draft = z.infer<typeof draftSchema>;
const batchSchema = z.array(z.unknown());

/**
 * Events of one entry of the stream: its id carries the number of the last one. Events of a kind that only a newer version knows are left out: while a
 * farm is upgraded, coordinators of both read the same stream.
 */
export function eventsOf(id: string, fields: readonly string[]): readonly StoreEvent[] {
  const [, at, , batch] = fields;
  const drafts = batchSchema.parse(JSON.parse(batch ?? ''));
  const first = sequenceOf(id) - drafts.length + 1;
  return drafts.flatMap((draft, index) => {
    const known = draftSchema.safeParse(draft);
    return known.success ? [eventOf(known.data, { sequence: first + index, at: Number(at) })] : [];
  });
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}

function eventOf(draft: Draft, stamp: { readonly sequence: number; readonly at: number }): StoreEvent {
  switch (draft[0]) {
    case 't': {
      const [, taskId, jobIds, state, attempt, code] = draft;
      return { type: 'task', taskId, jobIds, state, attempt, code: code === false ? null : code, ...stamp };
    }
    case 'j':
      return { type: 'job', jobId: draft[1], state: draft[2], counts: countsOf(draft[3]), ...stamp };
    case 'r':
      return { type: 'ready', requirementDigest: draft[1], ...stamp };
    case 'a':
      return { type: 'agent', agentId: draft[1], connection: draft[2], status: draft[3], mark: draft[4] || null, ...stamp };
    case 'q':
      return { type: 'quota-free', ...stamp };
    case 'h':
      return { type: 'host-free', hostId: draft[1], ...stamp };
  }
}

/** A command that is answered when its events have been told. */
interface Waiting {
  readonly sequence: number;
  readonly since: number;
  readonly resolve: () => void;
}

export interface FeedOptions {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: RedisLog;
}

/**
 * Every event of the farm, of whichever coordinator, in order and each once. A blocking read of the stream on a connection of its own: what happened
 * while the connection was gone is read when it is back, so that nothing needs to be caught up by hand.
 */
export class EventFeed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #waiting: Waiting[] = [];
  #impatience: Timer | undefined;
  #reader: Redis | undefined;
  #delivered = 0;
  #stopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Events from now on. */
  async start(): Promise<void> {
    this.#delivered = await this.#newest();
    const reader = this.#options.link.dedicated('events');
    this.#reader = reader;
    reader.on('ready', () => void this.#checkHistory().catch(() => {}));
    void this.#readForEver(reader);
  }

  stop(): void {
    this.#stopped = true;
    this.#reader?.disconnect();
    this.#impatience?.cancel();
    this.#release(() => true);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Resolves when the listeners have been told of this event, as in a store within the process, or when that takes too long. */
  delivered(sequence: number): Promise<void> {
    if (sequence <= this.#delivered || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ sequence, since: this.#options.clock.monotonicMs(), resolve });
      this.#impatience ??= this.#options.clock.after(DELIVERY_PATIENCE_MS, () => this.#releaseLate());
    });
  }

  /** One timer for all that wait: each is released after its patience, at most twice that. */
  #releaseLate(): void {
    this.#impatience = undefined;
    const since = this.#options.clock.monotonicMs() - DELIVERY_PATIENCE_MS / 2;
    this.#release((waiting) => waiting.since <= since);
    if (this.#waiting.length > 0) this.#impatience = this.#options.clock.after(DELIVERY_PATIENCE_MS, () => this.#releaseLate());
  }

  #release(isOver: (waiting: Waiting) => boolean): void {
    const over = this.#waiting.filter(isOver);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting));
    for (const { resolve } of over) resolve();
  }

  async #newest(): Promise<number> {
    return Number((await this.#options.link.run((client) => client.get(this.#options.keys.event))) ?? 0);
  }

  /** A server that knows fewer events than have been told has lost some: its next ones begin there. */
  async #checkHistory(): Promise<void> {
    const newest = await this.#newest();
    if (newest >= this.#delivered) return;
    this.#options.log('redis-history-lost', { told: this.#delivered, stored: newest });
    this.#delivered = newest;
  }

  async #readForEver(reader: Redis): Promise<void> {
    while (!this.#stopped) {
      try {
        const from = this.#delivered;
        const reply = await reader.xread('COUNT', ENTRIES_PER_READ, 'BLOCK', BLOCK_MS, 'STREAMS', this.#options.keys.events, `${from}-0`);
        for (const [id, fields] of reply?.[0]?.[1] ?? []) this.#deliver(eventsOf(id, fields), sequenceOf(id));
      } catch (error) {
        if (this.#stopped) return;
        this.#options.log('redis-events-failed', { problem: toGroveError(error).message });
        await new Promise<void>((resolve) => this.#options.clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** @param last number of the entry's last event, told or left out. */
  #deliver(events: readonly StoreEvent[], last: number): void {
    for (const event of events) {
      if (event.sequence <= this.#delivered) continue;
      if (event.sequence > this.#delivered + 1)
        this.#options.log('redis-events-missed', { from: this.#delivered + 1, to: event.sequence - 1 });
      this.#delivered = event.sequence;
      for (const listener of this.#listeners) this.#tell(listener, event);
    }
    this.#delivered = Math.max(this.#delivered, last);
    this.#release(({ sequence }) => sequence <= this.#delivered);
  }

  #tell(listener: (event: StoreEvent) => void, event: StoreEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#options.log('listener-failed', { type: event.type, problem: error instanceof GroveError ? error.message : String(error) });
    }
  }
}
