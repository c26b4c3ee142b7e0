import { InvalidArgumentError } from 'commander';

const MAX_LAUNCHES = 64;

/** For options that may be repeated. */
export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

/** A whole number of at least 1. */
export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a positive whole number.');
  return number;
}

/** Launches of one benchmark: as many as a job may ask for. */
export function launchCount(value: string): number {
  const number = positiveInteger(value);
  if (number > MAX_LAUNCHES) throw new InvalidArgumentError(`At most ${MAX_LAUNCHES}.`);
  return number;
}

/** A number from 0 to 1. */
export function share(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 1)) throw new InvalidArgumentError('It must be a number from 0 to 1.');
  return number;
}

/** A similarity. */
export function cosine(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= -1 && number <= 1)) throw new InvalidArgumentError('It must be a number between -1 and 1.');
  return number;
}

/** A TCP port; 0 lets the operating system choose. */
export function port(value: string): number {
  const number = Number(value);
  if (!/^\d{1,5}$/.test(value) || number > 65_535) throw new InvalidArgumentError('It must be a port between 0 and 65535.');
  return number;
}

/** Words of a vocabulary, separated by commas. */
export function members<const Word extends string>(value: string, vocabulary: readonly Word[]): readonly Word[] {
  return value.split(',').map((text) => {
    const word = vocabulary.find((known) => known === text.trim());
    if (word === undefined) throw new InvalidArgumentError(`It must be one or several of ${vocabulary.join(', ')}.`);
    return word;
  });
}

/** A whole number of at least 0. */
export function count(value: string): number {
  const number = Number(value);
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It must be a whole number of at least 0.');
  return number;
}

/** `key=value` pairs as an object. */
export function keyValues(option: string, values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    values.map((value) => {
      const equals = value.indexOf('=');
      if (equals < 1) throw new InvalidArgumentError(`${option} takes key=value, not "${value}".`);
      return [value.slice(0, equals), value.slice(equals + 1)];
    }),
  );
}

/** The members that were given: an option left out must not become an explicit `undefined`. */
export function present<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `2h` or `1d`, in milliseconds. */
export function durationMs(value: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const milliseconds = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (!(milliseconds > 0)) throw new InvalidArgumentError('It must be a duration such as 90s, 30m, 2h or 1d.');
  return milliseconds;
}
