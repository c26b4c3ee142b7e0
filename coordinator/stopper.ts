import { toGroveError } from '../domain/errors.ts';
import type { Log } from './log-events.ts';

/** What was started, ended in the opposite order: nothing is stopped before those who use it. */
export class UndoList {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Goes on when a step fails and returns the first failure. */
  async run(): Promise<unknown> {
    let failure: unknown;
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failure ??= error;
      }
    }
    return failure;
  }
}

/** Stops once, whoever asks first. */
export class Stopper {
  state: 'starting' | 'ok' | 'stopping' = 'starting';
  readonly done: Promise<string>;
  readonly #undo: UndoList;
  readonly #log: Log;
  #resolve: (reason: string) => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(undo: UndoList, log: Log) {
    this.#undo = undo;
    this.#log = log;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#run(reason);
    return this.#stopping;
  }

  async #run(reason: string): Promise<void> {
    this.state = 'stopping';
    this.#log('coordinator-stopping', { reason });
    const failure = await this.#undo.run();
    this.#resolve(reason);
    if (failure !== undefined) throw toGroveError(failure);
  }
}
