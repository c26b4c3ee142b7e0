/** Readers that wait for something of a name to change. */
export class Followers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves `changed` with the next {@link wake} of that name, or when `signal` aborts. Asked before a look, no change during the look is missed. */
  nextChange(name: string, signal: AbortSignal): { readonly changed: Promise<void>; cancel(): void } {
    const waiting = this.#waiting.get(name) ?? new Set<() => void>();
    this.#waiting.set(name, waiting);
    let cancel = (): void => {};
    const changed = new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        resolve();
      };
      cancel = () => {
        waiting.delete(wake);
        // Others may wait under the name again by now.
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
        signal.removeEventListener('abort', wake);
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
    return { changed, cancel: () => cancel() };
  }

  wake(name: string): void {
    for (const wake of [...(this.#waiting.get(name) ?? [])]) wake();
  }

  wakeAll(): void {
    for (const name of [...this.#waiting.keys()]) this.wake(name);
  }
}
