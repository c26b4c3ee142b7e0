import type { Redis } from 'ioredis';
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

/** Places of an event as the functions write it: see `functions/unit-of-work.lua`. */
type Draft = readonly unknown[];

/**
 * Events of one entry of the stream: its id carries the number of the last one. Events of a kind that only a newer version knows are left out: while a
 * farm is upgraded, coordinators of both read the same stream.
 */
export function eventsOf(id: string, fields: readonly string[]): readonly StoreEvent[] {
  const [, at, , batch] = fields;
  const drafts: unknown = JSON.parse(batch ?? '');
  if (!Array.isArray(drafts)) return [];
  const first = sequenceOf(id) - drafts.length + 1;
  return drafts.flatMap((draft, index) => {
    const event = Array.isArray(draft) ? eventOf(draft, { sequence: first + index, at: Number(at) }) : undefined;
    return event === undefined ? [] : [event];
  });
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}

interface Stamp {
  readonly sequence: number;
  readonly at: number;
}

/** By hand: an assignment makes seven events, and a schema library took as long for each as everything else that is done with it. */
function eventOf(draft: Draft, stamp: Stamp): StoreEvent | undefined {
  const [kind, id] = draft;
  if (kind === 'q') return { type: 'quota-free', ...stamp };
  if (typeof id !== 'string') return undefined;
  switch (kind) {
    case 't':
      return taskEvent(id, draft, stamp);
    case 'j':
      return jobEvent(id, draft, stamp);
    case 'r':
      return { type: 'ready', requirementDigest: id, ...stamp };
    case 'a':
      return agentEvent(id, draft, stamp);
    case 'h':
      return { type: 'host-free', hostId: id, ...stamp };
    default:
      return undefined;
  }
}

function taskEvent(taskId: string, [, , jobs, named, attempt, code]: Draft, stamp: Stamp): StoreEvent | undefined {
  const state = oneOf(TASK_STATES, named);
  if (state === undefined || typeof attempt !== 'number') return undefined;
  // An empty list comes out of Lua as `{}`.
  const jobIds = Array.isArray(jobs) ? jobs.map(String) : [];
  return { type: 'task', taskId, jobIds, state, attempt, code: typeof code === 'string' ? code : null, ...stamp };
}

function jobEvent(jobId: string, [, , named, counts]: Draft, stamp: Stamp): StoreEvent | undefined {
  const state = oneOf(JOB_STATES, named);
  return state === undefined || !Array.isArray(counts) ? undefined : { type: 'job', jobId, state, counts: countsOf(counts), ...stamp };
}

function agentEvent(agentId: string, [, , link, said, marked]: Draft, stamp: Stamp): StoreEvent | undefined {
  const [connection, status] = [oneOf(CONNECTIONS, link), oneOf(STATUSES, said)];
  const mark = marked === false ? null : oneOf(MARKS, marked);
  if (connection === undefined || status === undefined || mark === undefined) return undefined;
  return { type: 'agent', agentId, connection, status, mark, ...stamp };
}

const TASK_STATES = byName(taskStateSchema.options);
const JOB_STATES = byName(jobStateSchema.options);
const CONNECTIONS = byName(['connected', 'closing', 'offline']);
const STATUSES = byName(['ready', 'not-ready', 'draining']);
const MARKS = byName(agentMarkSchema.shape.kind.options);

function byName<const Name extends string>(names: readonly Name[]): ReadonlyMap<unknown, Name> {
  return new Map(names.map((name) => [name, name]));
}

function oneOf<Name>(names: ReadonlyMap<unknown, Name>, value: unknown): Name | undefined {
  return names.get(value);
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
