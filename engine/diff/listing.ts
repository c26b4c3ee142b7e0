/** Entries of a listing: two models may differ in a million things. */
const MAX_LISTED = 100;

/** How many there are, and the first hundred. */
export interface Listing<T> {
  readonly count: number;
  readonly first: readonly T[];
}

/** A listing of items; `describe` is asked for the listed ones only. */
export function listing<T>(items: readonly T[]): Listing<T>;
export function listing<T, R>(items: readonly T[], describe: (item: T) => R): Listing<R>;
export function listing<T, R>(items: readonly T[], describe?: (item: T) => R): Listing<T | R> {
  const listed = items.slice(0, MAX_LISTED);
  return { count: items.length, first: describe === undefined ? listed : listed.map(describe) };
}
