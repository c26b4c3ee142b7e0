/**
 * Whether the farm wants to know who asks before it answers. Until it has refused once nobody is asked for anything: a farm on loopback never does.
 */
export class LogIn {
  readonly #listeners = new Set<(isNeeded: boolean) => void>();
  #isNeeded = false;
  #count = 0;

  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  /** Times somebody has logged in: to be kept with a request, for {@link refused}. */
  get count(): number {
    return this.#count;
  }

  /** A request was refused that was sent when {@link count} was `countThen`. One from before a log-in says nothing about what came after. */
  refused(countThen: number): void {
    if (countThen === this.#count) this.#become(true);
  }

  /** Somebody has logged in. */
  done(): void {
    this.#count += 1;
    this.#become(false);
  }

  /** Returns what ends it. */
  onChange(listener: (isNeeded: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #become(isNeeded: boolean): void {
    if (isNeeded === this.#isNeeded) return;
    this.#isNeeded = isNeeded;
    for (const listener of this.#listeners) listener(isNeeded);
  }
}

/** The one of this page. */
export const logIn = new LogIn();
