import { GroveError } from '../errors.ts';
import { type Condition, canonicalSelector, MAX_CONDITIONS, problemOf } from './condition.ts';
import { canonicalKey, canonicalValue, KEYS_IN_WORDS } from './fields.ts';

const MAX_CHARS = 8_000;

/**
 * Reads one condition: `KEY` (it has one), `!KEY` (it has none), `KEY=VALUE`, `KEY!=VALUE`, `KEY>=VALUE`, `KEY<=VALUE`, `KEY in (A, B)` or
 * `KEY not in (A, B)`. A value may stand in double quotes, as in JSON. Throws `invalid-argument` with the column and what is allowed there.
 */
export function parseCondition(text: string): Condition {
  if (text.length > MAX_CHARS) throw new GroveError('invalid-argument', { problem: `a condition is longer than ${MAX_CHARS} characters` });
  const reader = new Reader(text);
  const negated = reader.take(/!/y) !== undefined;
  const key = canonicalKey(reader.take(/[A-Za-z0-9][A-Za-z0-9._-]*/y) ?? reader.fail(`a key is expected: ${KEYS_IN_WORDS}`));
  const condition = readRest(reader, key, negated);
  reader.end();
  const problem = problemOf(condition);
  if (problem !== undefined) throw new GroveError('invalid-argument', { problem: `in the selector "${text}": ${problem}` });
  return canonicalSelector([condition])[0] ?? condition;
}

function readRest(reader: Reader, key: string, negated: boolean): Condition {
  if (reader.isAtEnd) return { key, op: negated ? 'absent' : 'exists', values: [] };
  if (negated) return reader.fail('the end is expected: "!" asks for a field that is absent');
  if (reader.take(/not\s+in(?=[\s(])/y) !== undefined) return { key, op: 'not in', values: readList(reader, key) };
  if (reader.take(/in(?=[\s(])/y) !== undefined) return { key, op: 'in', values: readList(reader, key) };
  const op = reader.take(/==?|!=|>=|<=/y) ?? reader.fail('one of =, !=, >=, <=, in (A, B) or not in (A, B) is expected');
  const value = canonicalValue(key, reader.quoted() ?? reader.rest());
  return { key, op: op === '!=' || op === '>=' || op === '<=' ? op : '=', values: [value] };
}

function readList(reader: Reader, key: string): string[] {
  if (reader.take(/\(/y) === undefined) reader.fail('"(" is expected');
  const values: string[] = [];
  do {
    const value = reader.quoted() ?? reader.take(/[^\s,()"][^,()"]*/y)?.trimEnd() ?? reader.fail('a value is expected');
    values.push(canonicalValue(key, value));
  } while (reader.take(/,/y) !== undefined);
  if (reader.take(/\)/y) === undefined) reader.fail('"," or ")" is expected');
  return values;
}

/** Reads conditions separated by ";", every one of which must hold. Throws what {@link parseCondition} throws. */
export function parseSelector(text: string): Condition[] {
  return readConditions(splitOutsideQuotes(text).filter((part) => part.trim() !== ''));
}

/** Reads conditions that stand apart, as repeated options give them. */
export function readConditions(texts: readonly string[]): Condition[] {
  if (texts.length > MAX_CONDITIONS)
    throw new GroveError('invalid-argument', { problem: `${texts.length} conditions; at most ${MAX_CONDITIONS} are taken` });
  return canonicalSelector(texts.map(parseCondition));
}

function splitOutsideQuotes(text: string): readonly string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|[^;"]|")+/g) ?? [];
}

/** A place in a text that only goes forward; white space between parts does not count. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipSpace();
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  take(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    this.#skipSpace();
    return found;
  }

  /** A JSON string; undefined when none begins here. */
  quoted(): string | undefined {
    if (this.#text[this.#at] !== '"') return undefined;
    const text = this.take(/"(?:\\.|[^"\\])*"/y) ?? this.fail('a closing quote is missing');
    try {
      return String(JSON.parse(text));
    } catch {
      return this.fail(`${text} is no JSON string`);
    }
  }

  /** Everything up to the end. */
  rest(): string {
    return this.take(/.*/sy)?.trimEnd() ?? '';
  }

  end(): void {
    if (!this.isAtEnd) this.fail('nothing more is expected');
  }

  fail(problem: string): never {
    throw new GroveError('invalid-argument', { problem: `in the selector "${this.#text}" at column ${this.#at + 1}: ${problem}` });
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}
