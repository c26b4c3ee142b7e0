import type { z } from 'zod';
import { type ErrorCode, GroveError, type Problem } from '../errors.ts';
import type { Json } from '../json.ts';
import type { JsonObject } from './recipe.ts';

/** An error code of a problem's own, thrown when the recipe has no other kind of problem. */
export interface OwnError {
  readonly code: ErrorCode;
  make(problems: readonly Problem[]): GroveError;
}

/** Where a flattened object and each of its members were written. */
export interface FlatPlace {
  readonly path: string;
  readonly members: ReadonlyMap<string, { readonly path: string }>;
}

/** Problems of one recipe after which reading stops, and warnings after which no more are kept: whoever writes so many writes no recipe. */
const MAX_LISTED = 100;

interface CodedProblem extends Problem {
  readonly own?: OwnError;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** JSON path of a member: `$.passes.conv`, `$.data_configs[0]`, `$.systems["my host"]`. */
export function jsonPath(base: string, ...segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`;
    const name = String(segment);
    return IDENTIFIER.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
  }, base);
}

/** Whether a JSON value is an object and not an array. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Everything wrong or odd in one recipe, gathered so that an author sees all of it at once. */
export class Findings {
  readonly #recipeName: string;
  readonly #problems: CodedProblem[] = [];
  readonly #warnings: Problem[] = [];

  constructor(recipeName: string) {
    this.#recipeName = recipeName;
  }

  get recipeName(): string {
    return this.#recipeName;
  }

  get warnings(): readonly Problem[] {
    return this.#warnings;
  }

  /** Makes the recipe invalid. Throws as `throwIfAny` does once {@link MAX_LISTED} problems are listed, so that a hostile file costs no more than they do. */
  refuse(path: string, message: string, own?: OwnError): void {
    this.#problems.push(own === undefined ? { path, message } : { path, message, own });
    if (this.#problems.length >= MAX_LISTED) this.throwIfAny();
  }

  /** Keeps something Olive would only warn about. `message` is only asked for when it is kept: suggestions take time. */
  warn(path: string, message: string | (() => string)): void {
    if (this.#warnings.length < MAX_LISTED) this.#warnings.push({ path, message: typeof message === 'string' ? message : message() });
  }

  /**
   * The value as `schema` reads it; each issue becomes a problem at its JSON path and the result is undefined. `place` is the value's path, or
   * that and where each top-level member was written when it is not directly below.
   */
  read<T>(schema: z.ZodType<T>, value: unknown, place: string | FlatPlace): T | undefined {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const { path, members } = typeof place === 'string' ? { path: place, members: undefined } : place;
    for (const {
      path: [first, ...rest],
      message,
    } of parsed.error.issues) {
      const start = first === undefined ? path : (members?.get(String(first))?.path ?? jsonPath(path, first));
      this.refuse(jsonPath(start, ...rest), message);
    }
    return undefined;
  }

  /** The object at `path`; a problem and an empty object when it is something else, an empty object when it is absent. */
  object(value: Json | undefined, path: string): JsonObject {
    if (value === undefined || value === null) return {};
    if (isJsonObject(value)) return value;
    this.refuse(path, 'must be an object');
    return {};
  }

  /** Does nothing when there are no problems. Throws `recipe-invalid`, or the one special code all problems share, with every problem listed. */
  throwIfAny(): void {
    const [first] = this.#problems;
    if (first === undefined) return;
    const problems = this.#problems.map(({ path, message }) => ({ path, message }));
    const shared = first.own;
    if (shared !== undefined && this.#problems.every(({ own }) => own?.code === shared.code)) throw shared.make(problems);
    const count = problems.length < MAX_LISTED ? problems.length : `${MAX_LISTED} or more`;
    const params = { name: this.#recipeName, count, path: first.path, problem: first.message };
    throw new GroveError('recipe-invalid', params, { problems });
  }
}
