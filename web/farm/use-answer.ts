import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { FarmEvent } from '../../api/events.ts';
import { FarmProblem } from './farm.ts';
import { live } from './live.ts';

/** What is known of one question to the farm. */
export interface Answer<T> {
  /** The newest answer; stays while a newer one is fetched or cannot be had. */
  readonly value: T | undefined;
  /** Why the last try had no answer. */
  readonly problem: FarmProblem | undefined;
  /** Asks again now. */
  readonly reload: () => void;
}

/** How to ask, and what makes asking again worth while. */
export interface Question<T> {
  readonly ask: (signal: AbortSignal) => Promise<T>;
  /** Another key is another question. */
  readonly key: string;
  /** Whether what happened may change the answer. Default: nothing does. */
  readonly changedBy?: (event: FarmEvent) => boolean;
}

/** Shortest pause between two looks at what changes, and how much longer than the last answer took it must be. */
const PAUSE_MS = 1_000;
const PAUSE_FACTOR = 4;
/** After a failure: the farm may be starting. */
const RETRY_MS = 3_000;

/** Asks the farm, again when events say so, and again after a failure. */
export function useAnswer<T>({ ask, key, changedBy }: Question<T>): Answer<T> {
  const [known, setKnown] = useState<{ readonly key: string; readonly value?: T; readonly problem?: FarmProblem }>({ key });
  const latest = useRef({ ask, changedBy });
  latest.current = { ask, changedBy };
  const reload = useRef(() => {});
  useEffect(() => {
    const follower = new Follower<T>(
      (signal) => latest.current.ask(signal),
      (value) => setKnown({ key, value }),
      (problem) => setKnown((before) => ({ ...(before.key === key ? before : { key }), problem })),
    );
    reload.current = () => follower.now();
    const stopListening = live.onEvent((event) => {
      if (event.type === 'reset' || latest.current.changedBy?.(event) === true) follower.soon();
    });
    follower.now();
    return () => {
      stopListening();
      follower.stop();
    };
  }, [key]);
  const current = known.key === key ? known : { key };
  return { value: current.value, problem: current.problem, reload: useCallback(() => reload.current(), []) };
}

/** One question at a time; what changes while it is asked is asked after it. */
class Follower<T> {
  readonly #ask: (signal: AbortSignal) => Promise<T>;
  readonly #onValue: (value: T) => void;
  readonly #onProblem: (problem: FarmProblem) => void;
  readonly #stopped = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #isStale = false;
  #tookMs = 0;

  constructor(ask: (signal: AbortSignal) => Promise<T>, onValue: (value: T) => void, onProblem: (problem: FarmProblem) => void) {
    this.#ask = ask;
    this.#onValue = onValue;
    this.#onProblem = onProblem;
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isAsking) this.#isStale = true;
    else void this.#run();
  }

  soon(): void {
    if (this.#isAsking) this.#isStale = true;
    else this.#after(Math.max(PAUSE_MS, this.#tookMs * PAUSE_FACTOR));
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  #after(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.now(), delayMs);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    this.#isAsking = true;
    this.#isStale = false;
    const begin = performance.now();
    try {
      const value = await this.#ask(signal);
      if (!signal.aborted) this.#onValue(value);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
    this.#tookMs = performance.now() - begin;
    this.#isAsking = false;
    if (this.#isStale && !signal.aborted) this.soon();
  }

  #fail(error: unknown): void {
    const problem = error instanceof FarmProblem ? error : unexpected(error);
    this.#onProblem(problem);
    if (problem.code === 'unreachable' || problem.code.startsWith('status 5')) this.#after(RETRY_MS);
  }
}

function unexpected(error: unknown): FarmProblem {
  const detail = error instanceof Error ? error.message : String(error);
  return new FarmProblem({ code: 'unexpected', detail, advice: 'Load the page again.', problems: [] });
}
