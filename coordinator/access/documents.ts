import type { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { AccessStore, DocumentKind } from './access-store.ts';

/** Times a change is tried anew because another coordinator changed the same document. */
const TRIES = 20;

/** The documents of one kind, read through their schema. */
export class Documents<T> {
  readonly #store: AccessStore;
  readonly #kind: DocumentKind;
  readonly #schema: z.ZodType<T>;
  /** Changes of this process follow one another: many at once would make one another fail. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: AccessStore, kind: DocumentKind, schema: z.ZodType<T>) {
    this.#store = store;
    this.#kind = kind;
    this.#schema = schema;
  }

  async get(id: string): Promise<T | undefined> {
    const text = await this.#store.read(this.#kind, id);
    return text === undefined ? undefined : this.#parse(text);
  }

  async all(): Promise<readonly T[]> {
    return (await this.#store.list(this.#kind)).map((text) => this.#parse(text));
  }

  /**
   * Replaces a document by what `edit` makes of it; undefined removes it. What `edit` throws changes nothing. It is asked again when somebody else was
   * faster. Returns what is kept now.
   */
  change<R extends T | undefined>(id: string, edit: (now: T | undefined) => R): Promise<R> {
    const changed = this.#last.then(() => this.#change(id, edit));
    this.#last = changed.catch(() => {});
    return changed;
  }

  async #change<R extends T | undefined>(id: string, edit: (now: T | undefined) => R): Promise<R> {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const before = await this.#store.read(this.#kind, id);
      const edited = edit(before === undefined ? undefined : this.#parse(before));
      const after = edited === undefined ? undefined : JSON.stringify(edited);
      if (before === after || (await this.#store.swap(this.#kind, id, { before, after }))) return edited;
    }
    throw new GroveError('store-unavailable', { problem: `the ${this.#kind} "${id}" is changed by others all the time` });
  }

  #parse(text: string): T {
    return this.#schema.parse(JSON.parse(text));
  }
}
