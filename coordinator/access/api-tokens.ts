import { z } from 'zod';
import { type Role, roleSchema } from '../../domain/access.ts';
import { GroveError } from '../../domain/errors.ts';
import { idSchema, nameSchema } from '../../domain/names.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { AccessStore } from './access-store.ts';
import { Documents } from './documents.ts';
import { drawToken, type FreshToken, isSecret, readToken, type TokenKind } from './secrets.ts';

const apiTokenSchema = z.strictObject({
  id: idSchema,
  /** Who acts with it: jobs, marks and the record of changes bear this name. */
  name: nameSchema,
  role: roleSchema,
  secretDigest: z.string(),
  madeAt: z.number(),
  madeBy: nameSchema,
  expiresAt: z.number(),
  /** For a browser's session: the token it was opened with, without which it is void. */
  parent: idSchema.nullable(),
});
type ApiToken = z.infer<typeof apiTokenSchema>;

/** A token as people see it. */
export type ApiTokenFacts = Omit<ApiToken, 'secretDigest' | 'parent'>;

/** Who a token is for and how long it is good. */
export interface TokenTerms {
  readonly name: string;
  readonly role: Role;
  readonly forMs: number;
}

/** Somebody who has shown a token. */
export interface Caller {
  readonly tokenId: string;
  readonly name: string;
  readonly role: Role;
  readonly expiresAt: number;
}

/** A browser that is left alone for half a day asks for the token again. */
const SESSION_MS = 12 * 3_600_000;
/** Browsers that one token is logged in with at a time; the one that logged in first gives way. */
const SESSIONS_PER_TOKEN = 20;

/** Tokens of people and programs, and the sessions that browsers open with them. */
export class ApiTokens {
  readonly #documents: Documents<ApiToken>;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: AccessStore, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#documents = new Documents(store, 'token', apiTokenSchema);
    this.#clock = clock;
    this.#random = random;
  }

  /** The token's text is told once and kept nowhere. */
  async make({ name, role, forMs }: TokenTerms, madeBy: string): Promise<ApiTokenFacts & { readonly token: string }> {
    const fresh = drawToken('grove', this.#random);
    const kept = await this.#keep(fresh, { name, role, madeBy, expiresAt: this.#clock.now() + forMs, parent: null });
    return { ...factsOf(kept), token: fresh.text };
  }

  /** Without sessions and what has expired, by name. */
  async list(): Promise<readonly ApiTokenFacts[]> {
    const now = this.#clock.now();
    const tokens = (await this.#documents.all()).filter(({ parent, expiresAt }) => parent === null && expiresAt > now);
    return tokens.map(factsOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The token and its sessions are void from now on. Throws `not-found`. */
  async revoke(id: string): Promise<void> {
    const known = await this.#documents.get(id);
    if (known === undefined) throw new GroveError('not-found', { kind: 'token', id });
    await this.#documents.change(id, () => undefined);
    const sessions = (await this.#documents.all()).filter(({ parent }) => parent === id);
    for (const session of sessions) await this.#documents.change(session.id, () => undefined);
  }

  /** Who shows this token. Throws `unauthenticated`, without telling which part of it is wrong. */
  caller(text: string): Promise<Caller> {
    return this.#callerOf('grove', text);
  }

  /** Who a browser's session belongs to. Throws `unauthenticated`. */
  sessionCaller(text: string): Promise<Caller> {
    return this.#callerOf('session', text);
  }

  /** A session for a browser, good for half a day and no longer than the token. Throws `unauthenticated`. */
  async openSession(token: string): Promise<Caller & { readonly session: string }> {
    const caller = await this.caller(token);
    await this.#dropExpired();
    await this.#dropOldest(caller.tokenId);
    const fresh = drawToken('session', this.#random);
    const expiresAt = Math.min(this.#clock.now() + SESSION_MS, caller.expiresAt);
    await this.#keep(fresh, { name: caller.name, role: caller.role, madeBy: caller.name, expiresAt, parent: caller.tokenId });
    return { ...caller, expiresAt, session: fresh.text };
  }

  async closeSession(text: string): Promise<void> {
    const caller = await this.#callerOf('session', text).catch(() => undefined);
    if (caller !== undefined) await this.#documents.change(caller.tokenId, () => undefined);
  }

  async #callerOf(kind: TokenKind, text: string): Promise<Caller> {
    const given = readToken(kind, text);
    const kept = given && (await this.#documents.get(given.id));
    if (kept === undefined || !isSecret(given?.secret ?? '', kept.secretDigest) || (kept.parent === null) !== (kind === 'grove'))
      throw new GroveError('unauthenticated', { problem: 'it does not know this token' });
    // Revoking removes them one after another, and one may be opened meanwhile.
    if (kept.parent !== null && (await this.#documents.get(kept.parent)) === undefined)
      throw new GroveError('unauthenticated', { problem: 'it does not know this token' });
    if (kept.expiresAt <= this.#clock.now()) throw new GroveError('unauthenticated', { problem: 'the token has expired' });
    return { tokenId: kept.id, name: kept.name, role: kept.role, expiresAt: kept.expiresAt };
  }

  async #keep({ id, secretDigest }: FreshToken, terms: Omit<ApiToken, 'id' | 'secretDigest' | 'madeAt'>): Promise<ApiToken> {
    return this.#documents.change(id, () => ({ id, secretDigest, madeAt: this.#clock.now(), ...terms }));
  }

  /** Leaves room for one more session of a token: whoever has it must not fill the farm's disk with them. */
  async #dropOldest(tokenId: string): Promise<void> {
    const sessions = (await this.#documents.all()).filter(({ parent }) => parent === tokenId).sort((a, b) => a.madeAt - b.madeAt);
    for (const { id } of sessions.slice(0, -(SESSIONS_PER_TOKEN - 1))) await this.#documents.change(id, () => undefined);
  }

  async #dropExpired(): Promise<void> {
    const expired = (await this.#documents.all()).filter(({ expiresAt }) => expiresAt <= this.#clock.now());
    for (const { id } of expired) await this.#documents.change(id, () => undefined);
  }
}

function factsOf({ secretDigest: _secret, parent: _parent, ...facts }: ApiToken): ApiTokenFacts {
  return facts;
}
