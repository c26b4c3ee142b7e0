/** Turns pushed messages into an async iterable with one reader. After {@link end} or {@link fail} what was queued is still delivered. */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #messages: T[] = [];
  #finished: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(message: T): void {
    if (this.#finished !== undefined) return;
    this.#messages.push(message);
    this.#wake?.();
  }

  /** Ends the iteration. The first of `end` and `fail` counts. */
  end(): void {
    this.#finish(undefined);
  }

  /** Ends the iteration by throwing `error`. */
  fail(error: unknown): void {
    this.#finish(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) yield message;
      else if (this.#finished === undefined) await this.#untilChanged();
      else if (this.#finished.error === undefined) return;
      else throw this.#finished.error;
    }
  }

  #finish(error: unknown): void {
    this.#finished ??= { error };
    this.#wake?.();
  }

  #untilChanged(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
