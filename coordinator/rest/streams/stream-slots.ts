import { GroveError } from '../../../domain/errors.ts';

/** Counts open streams of one kind, so that clients cannot hold without end what each of them costs. */
export class StreamSlots {
  readonly #what: string;
  readonly #limit: number;
  #open = 0;

  constructor(what: string, limit: number) {
    this.#what = what;
    this.#limit = limit;
  }

  /** Takes a slot and answers the function that gives it back, once. Throws `too-many-streams`. */
  take(): () => void {
    if (this.#open >= this.#limit) throw new GroveError('too-many-streams', { what: this.#what, limit: this.#limit });
    this.#open += 1;
    let released = false;
    return () => {
      if (!released) this.#open -= 1;
      released = true;
    };
  }
}
