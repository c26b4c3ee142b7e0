/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** SHA-256 of text (as UTF-8) or bytes, as 64 lower-case hex digits. Injected, so that `domain/` stays free of I/O. */
export type Sha256 = (data: string | Uint8Array) => string;

/**
 * RFC 8785 (JSON Canonicalization Scheme): object keys sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them.
 * `undefined` members are left out, as JSON.stringify does. Throws TypeError on NaN, infinities, bigint and other values JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON cannot hold ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`canonical JSON cannot hold a ${typeof value}`);
  return canonicalObject(value);
}

/** One text that grows: the store digests whole documents per command. */
function canonicalObject(value: object): string {
  let text = '';
  for (const [key, member] of Object.entries(value).sort(byKey))
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  return `{${text}}`;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Digest of a value's canonical JSON. Equal values have equal digests whatever their key order. */
export function digestOf(value: unknown, sha256: Sha256): string {
  return sha256(canonicalJson(value));
}
