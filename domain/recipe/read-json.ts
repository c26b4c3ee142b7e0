import { GroveError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { JsonObject } from './recipe.ts';

/** Largest recipe text, in characters. The largest Olive workflow known is 40 kB. */
const MAX_RECIPE_LENGTH = 1_000_000;

/** Deepest nesting of objects and arrays. Everything downstream may recurse over a recipe. */
const MAX_RECIPE_DEPTH = 64;

class Misread extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const LITERAL = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SPACE = /[ \t\r\n]*/y;

/** Walks JSON text only to find where it stops being JSON: V8's own message has no position in half of the cases. */
class JsonWalk {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#space();
    this.#value(0);
    this.#space();
    if (this.#offset < this.#text.length) throw new Misread(this.#offset, 'text after the end of the value');
  }

  #value(depth: number): void {
    if (depth > MAX_RECIPE_DEPTH) throw new Misread(this.#offset, `nested deeper than ${MAX_RECIPE_DEPTH} levels`);
    const first = this.#text[this.#offset];
    if (first === '{') this.#list('}', () => this.#member(depth));
    else if (first === '[') this.#list(']', () => this.#value(depth + 1));
    else if (first === '"') this.#string();
    else if (!this.#match(LITERAL) && !this.#match(NUMBER)) throw this.#unexpected('a value');
  }

  #list(close: string, item: () => void): void {
    this.#offset++;
    this.#space();
    if (this.#take(close)) return;
    do {
      this.#space();
      item();
      this.#space();
    } while (this.#take(','));
    if (!this.#take(close)) throw this.#unexpected(`"," or "${close}"`);
  }

  #member(depth: number): void {
    if (this.#text[this.#offset] !== '"') throw this.#unexpected('a name in double quotes');
    this.#string();
    this.#space();
    if (!this.#take(':')) throw this.#unexpected('":"');
    this.#space();
    this.#value(depth + 1);
  }

  #string(): void {
    if (!this.#match(STRING)) throw new Misread(this.#offset, 'string without end or with an invalid character');
  }

  #space(): void {
    this.#match(SPACE);
  }

  #take(character: string): boolean {
    if (this.#text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset;
    if (!pattern.test(this.#text)) return false;
    this.#offset = pattern.lastIndex;
    return true;
  }

  #unexpected(wanted: string): Misread {
    const found = this.#text[this.#offset];
    return new Misread(this.#offset, `expected ${wanted}, found ${found === undefined ? 'the end of the text' : JSON.stringify(found)}`);
  }
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return `line ${before.split('\n').length}, column ${offset - lastBreak}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a recipe's text. A leading byte order mark is allowed.
 * Throws `recipe-not-json` with line and column (both from 1), or `too-large`.
 */
export function readRecipeJson(text: string, name: string): JsonObject {
  if (text.length > MAX_RECIPE_LENGTH)
    throw new GroveError('too-large', { what: `Recipe ${name}`, sizeBytes: text.length, limitBytes: MAX_RECIPE_LENGTH });
  const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    new JsonWalk(bare).document();
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    throw new GroveError('recipe-not-json', { name, problem: `${lineAndColumn(bare, error.offset)}: ${error.message}` });
  }
  const value: Json = JSON.parse(bare);
  if (!isObject(value))
    throw new GroveError('recipe-not-json', { name, problem: 'line 1, column 1: the outermost value must be an object' });
  return value;
}
