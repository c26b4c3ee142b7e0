import type { FarmEvent } from '../../api/events.ts';
import { logIn } from './log-in.ts';

/** Whether events arrive now. */
export type LiveState = 'connecting' | 'live' | 'lost';

const EVENT_TYPES = [
  'job',
  'task',
  'ready',
  'agent',
  'host-free',
  'quota-free',
  'progress',
  'reset',
] as const satisfies readonly FarmEvent['type'][];

/** A browser gives up on a stream that was refused; it is opened again after this long. */
const REOPEN_MS = 2_000;

/**
 * The farm's events for every part of the page, over one connection that is open while somebody sees the page: a browser opens six to one place, and
 * tabs behind others would keep them from the one in front. The browser resumes a broken stream by itself with Last-Event-ID; a refused one is opened
 * again after the last event that came, and not before somebody has logged in where that is missing. Whatever the farm still knows of the time between,
 * `reset` has everything asked anew.
 */
class Live {
  readonly #listeners = new Set<(event: FarmEvent) => void>();
  readonly #stateListeners = new Set<(state: LiveState) => void>();
  #source: EventSource | undefined;
  #state: LiveState = 'connecting';
  #lastSequence: number | undefined;
  #hasBegun = false;
  /** Whether something may have happened that nobody here was told. */
  #isBehind = false;

  get state(): LiveState {
    return this.#state;
  }

  /** Returns what ends it. */
  onEvent(listener: (event: FarmEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#begin();
    return () => this.#listeners.delete(listener);
  }

  /** Returns what ends it. */
  onState(listener: (state: LiveState) => void): () => void {
    this.#stateListeners.add(listener);
    this.#begin();
    return () => this.#stateListeners.delete(listener);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    document.addEventListener('visibilitychange', () => this.#follow());
    logIn.onChange(() => this.#follow());
    this.#follow();
  }

  #follow(): void {
    if (document.hidden || logIn.isNeeded) this.#close();
    else if (this.#source === undefined) this.#open();
  }

  #open(): void {
    const source = new EventSource(this.#lastSequence === undefined ? '/api/v1/events' : `/api/v1/events?after=${this.#lastSequence}`);
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => {
      this.#isBehind = true;
      this.#become('lost');
      if (source.readyState !== EventSource.CLOSED) return;
      this.#source = undefined;
      setTimeout(() => this.#follow(), REOPEN_MS);
    };
    for (const type of EVENT_TYPES) source.addEventListener(type, (message) => this.#take(message.data));
  }

  #opened(): void {
    this.#become('live');
    if (this.#isBehind) this.#tell({ type: 'reset', sequence: this.#lastSequence ?? 0 });
    this.#isBehind = false;
  }

  #close(): void {
    this.#isBehind = true;
    this.#source?.close();
    this.#source = undefined;
    this.#become('connecting');
  }

  #take(data: string): void {
    const event: FarmEvent = JSON.parse(data);
    if ('sequence' in event) this.#lastSequence = event.sequence;
    this.#tell(event);
  }

  #tell(event: FarmEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #become(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}

/** The one connection of this page. */
export const live = new Live();
