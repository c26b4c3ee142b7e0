import { GroveError } from './errors.ts';

/** What a machine needs to join a farm, in one line that a person can copy: `https://HOST:PORT/#FINGERPRINT.TOKEN`. */
export interface JoinString {
  /** Origin of the farm's API. */
  readonly url: string;
  /** SHA-256 of the farm's authority certificate (DER), 64 lower-case hex digits: who has it needs no other trust. */
  readonly fingerprint: string;
  /** Good for a few machines and a short time. */
  readonly token: string;
}

const FORM = /^(https:\/\/[^/?#@\s]{1,270})\/?#([0-9a-f]{64})\.(join_[0-9a-f]{16}_[0-9a-f]{64})$/;

/** The one line. */
export function writeJoinString({ url, fingerprint, token }: JoinString): string {
  return `${url}/#${fingerprint}.${token}`;
}

/** Throws `invalid-argument`, which does not repeat the text: it may hold a token. */
export function parseJoinString(text: string): JoinString {
  const [, url, fingerprint, token] = FORM.exec(text.trim()) ?? [];
  if (url === undefined || fingerprint === undefined || token === undefined)
    throw new GroveError('invalid-argument', { problem: 'The join string is not of the form https://HOST:PORT/#FINGERPRINT.TOKEN' });
  return { url, fingerprint, token };
}
