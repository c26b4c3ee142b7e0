import { timingSafeEqual } from 'node:crypto';
import type { Random } from '../../domain/ports.ts';
import { sha256 } from '../../platform/sha256.ts';

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** What a token is for: the first word of its text, so that a person who finds one knows what it opens. */
export type TokenKind = 'grove' | 'session' | 'join';

/** A new token: the text for whoever gets it, once, and what is kept. */
export interface FreshToken {
  readonly text: string;
  readonly id: string;
  /** SHA-256 of the secret. 256 random bits need no salt and no slow hash. */
  readonly secretDigest: string;
}

/** Draws a token `kind_ID_SECRET`. */
export function drawToken(kind: TokenKind, random: Pick<Random, 'token'>): FreshToken {
  const id = random.token(ID_BYTES);
  const secret = random.token(SECRET_BYTES);
  return { text: `${kind}_${id}_${secret}`, id, secretDigest: sha256(secret) };
}

/** The parts of a presented token; undefined for what is none of that kind. */
export function readToken(kind: TokenKind, text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, word, id, secret] = /^([a-z]+)_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(text) ?? [];
  return word === kind && id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

/** Whether a secret is the one that is kept, in a time that does not depend on where they differ. */
export function isSecret(secret: string, secretDigest: string): boolean {
  const [given, kept] = [Buffer.from(sha256(secret)), Buffer.from(secretDigest)];
  return given.byteLength === kept.byteLength && timingSafeEqual(given, kept);
}
