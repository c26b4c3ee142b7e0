import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { idSchema, nameSchema } from '../../domain/names.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { AccessStore } from './access-store.ts';
import { Documents } from './documents.ts';
import { drawToken, isSecret, readToken } from './secrets.ts';

const joinTokenSchema = z.strictObject({
  id: idSchema,
  secretDigest: z.string(),
  madeBy: nameSchema,
  expiresAt: z.number(),
  /** Machines it still takes in. */
  usesLeft: z.int().min(0),
});
type JoinToken = z.infer<typeof joinTokenSchema>;

/** How long and how often a token is good. */
export interface JoinTerms {
  readonly forMs: number;
  readonly uses: number;
}

/** Tokens that let machines enrol. */
export class JoinTokens {
  readonly #documents: Documents<JoinToken>;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: AccessStore, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#documents = new Documents(store, 'join', joinTokenSchema);
    this.#clock = clock;
    this.#random = random;
  }

  /** The token's text, which is kept nowhere. */
  async make({ forMs, uses }: JoinTerms, madeBy: string): Promise<{ readonly token: string; readonly expiresAt: number }> {
    await this.#dropSpent();
    const { text, id, secretDigest } = drawToken('join', this.#random);
    const expiresAt = this.#clock.now() + forMs;
    await this.#documents.change(id, () => ({ id, secretDigest, madeBy, expiresAt, usesLeft: uses }));
    return { token: text, expiresAt };
  }

  /** Throws `join-refused` unless the token is good. Uses nothing up: see {@link use}. */
  async check(text: string): Promise<{ readonly id: string }> {
    const given = readToken('join', text);
    const kept = given && (await this.#documents.get(given.id));
    if (kept === undefined || !isSecret(given?.secret ?? '', kept.secretDigest))
      throw new GroveError('join-refused', { problem: 'it does not know this join token' });
    this.#assertGood(kept);
    return { id: kept.id };
  }

  /** Takes one use. Throws `join-refused` when the last one was taken meanwhile. */
  async use(id: string): Promise<void> {
    await this.#documents.change(id, (kept) => {
      if (kept === undefined) throw new GroveError('join-refused', { problem: 'the join token is gone' });
      this.#assertGood(kept);
      return { ...kept, usesLeft: kept.usesLeft - 1 };
    });
  }

  #assertGood({ expiresAt, usesLeft }: JoinToken): void {
    if (expiresAt <= this.#clock.now()) throw new GroveError('join-refused', { problem: 'the join token has expired' });
    if (usesLeft === 0) throw new GroveError('join-refused', { problem: 'the join token was used up by other machines' });
  }

  async #dropSpent(): Promise<void> {
    const spent = (await this.#documents.all()).filter(({ expiresAt }) => expiresAt <= this.#clock.now());
    for (const { id } of spent) await this.#documents.change(id, () => undefined);
  }
}
