import { GroveError, toGroveError } from '../../../domain/errors.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { GarbageReport } from './collect-garbage.ts';

/** The collection that runs, or the last one. */
export interface CollectionState {
  readonly running: boolean;
  readonly dryRun: boolean;
  readonly startedAt: EpochMs | null;
  /** Null until one has ended well. */
  readonly report: GarbageReport | null;
  /** Why the last one failed; empty when it did not. */
  readonly problem: string;
}

export interface GarbageCollectionDeps {
  readonly clock: Pick<Clock, 'now'>;
  collect(options: { readonly dryRun: boolean; readonly now: EpochMs }): Promise<GarbageReport>;
  onEnded(state: CollectionState): void;
}

/** One collection at a time, in the background: nobody waits for it but those who ask how it goes. */
export class GarbageCollection {
  readonly #deps: GarbageCollectionDeps;
  #state: CollectionState = { running: false, dryRun: false, startedAt: null, report: null, problem: '' };
  #work: Promise<void> = Promise.resolve();

  constructor(deps: GarbageCollectionDeps) {
    this.#deps = deps;
  }

  get state(): CollectionState {
    return this.#state;
  }

  /** Throws `already-running`. */
  start(dryRun: boolean): CollectionState {
    if (this.#state.running)
      throw new GroveError('already-running', { process: 'garbage collection', where: 'this coordinator', pid: process.pid });
    const now = this.#deps.clock.now();
    this.#state = { running: true, dryRun, startedAt: now, report: null, problem: '' };
    this.#work = this.#run(dryRun, now);
    return this.#state;
  }

  /** Resolves when nothing is removed any more. */
  async stop(): Promise<void> {
    await this.#work;
  }

  async #run(dryRun: boolean, now: EpochMs): Promise<void> {
    try {
      const report = await this.#deps.collect({ dryRun, now });
      this.#state = { ...this.#state, running: false, report };
    } catch (error) {
      this.#state = { ...this.#state, running: false, problem: toGroveError(error).message };
    }
    this.#deps.onEnded(this.#state);
  }
}
