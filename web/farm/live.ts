import type { FarmEvent } from '../../api/events.ts';

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
 * The farm's events for every part of the page, over one connection that is opened with the first listener. The browser resumes a broken stream by
 * itself with Last-Event-ID; a refused one is opened again after the last event that came.
 */
class Live {
  readonly #listeners = new Set<(event: FarmEvent) => void>();
  readonly #stateListeners = new Set<(state: LiveState) => void>();
  #source: EventSource | undefined;
  #state: LiveState = 'connecting';
  #lastSequence: number | undefined;

  get state(): LiveState {
    return this.#state;
  }

  /** Returns what ends it. */
  onEvent(listener: (event: FarmEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#source === undefined) this.#open();
    return () => this.#listeners.delete(listener);
  }

  /** Returns what ends it. */
  onState(listener: (state: LiveState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  #open(): void {
    const source = new EventSource(this.#lastSequence === undefined ? '/api/v1/events' : `/api/v1/events?after=${this.#lastSequence}`);
    this.#source = source;
    source.onopen = () => this.#become('live');
    source.onerror = () => {
      this.#become('lost');
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#open(), REOPEN_MS);
    };
    for (const type of EVENT_TYPES) source.addEventListener(type, (message) => this.#take(message.data));
  }

  #take(data: string): void {
    const event: FarmEvent = JSON.parse(data);
    if ('sequence' in event) this.#lastSequence = event.sequence;
    for (const listener of this.#listeners) listener(event);
  }

  #become(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}

/** The one connection of this page. */
export const live = new Live();
