import type { Redis } from 'ioredis';
import type { EpochMs } from '../../../domain/ports.ts';
import type { RedisLink } from './connect.ts';
import { type CommandFunction, type FunctionLibrary, type QueryFunction, readLibrary } from './library.ts';
import { type Result, readResult } from './result-codes.ts';

/** A function's answer: a list of byte strings, numbers and lists of them. */
export type Reply = Buffer | number | readonly Reply[];

export interface Answer {
  readonly result: Result;
  /** Sequence number of the last event the call has made; 0 when it has made none. */
  readonly lastEvent: number;
  readonly values: readonly Reply[];
}

export interface FunctionCall {
  readonly name: CommandFunction | QueryFunction;
  /** Missing for queries. */
  readonly now?: EpochMs;
  /** Small: decoded by the function. Members that are undefined are left out. */
  readonly call: object;
  /** Documents that the function stores or passes on without looking into them. */
  readonly texts?: readonly string[];
}

/** Calls the store's functions, and brings them to a server that does not have them (any more). */
export class StoreFunctions {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #library: FunctionLibrary;
  #loading: Promise<void> | undefined;

  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#prefix = prefix;
    this.#library = readLibrary();
  }

  async load(): Promise<void> {
    this.#loading ??= this.#link
      .run(async (client) => {
        await client.function('LOAD', 'REPLACE', this.#library.text);
      })
      .finally(() => {
        this.#loading = undefined;
      });
    await this.#loading;
  }

  async call(request: FunctionCall): Promise<Answer> {
    const reply = await this.#link.run(async (client) => this.#send(client, request));
    const [code, second, ...values] = listOf(reply);
    const result = readResult(numberOf(code), () => textOf(second));
    return { result, lastEvent: result.kind === 'ok' ? numberOf(second) : 0, values };
  }

  async #send(client: Redis, request: FunctionCall): Promise<unknown> {
    try {
      return await this.#fcall(client, request);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('Function not found')) throw error;
      await this.load();
      return this.#fcall(client, request);
    }
  }

  #fcall(client: Redis, { name, now, call, texts = [] }: FunctionCall): Promise<unknown> {
    const time = now === undefined ? '' : String(now);
    return client.callBuffer('FCALL', [`${this.#library.name}_${name}`, '1', this.#prefix, time, JSON.stringify(call), ...texts]);
  }
}

/** Readers of a reply: what does not fit is a mistake of ours, not of the caller. */
export function listOf(reply: unknown): readonly Reply[] {
  if (!Array.isArray(reply)) throw mismatch('a list', reply);
  return reply;
}

export function numberOf(reply: Reply | undefined): number {
  if (typeof reply === 'number') return reply;
  if (Buffer.isBuffer(reply) && reply.length > 0) return Number(reply.toString('latin1'));
  throw mismatch('a number', reply);
}

export function textOf(reply: Reply | undefined): string {
  return bytesOf(reply).toString('utf8');
}

export function bytesOf(reply: Reply | undefined): Buffer {
  if (!Buffer.isBuffer(reply)) throw mismatch('text', reply);
  return reply;
}

function mismatch(expected: string, reply: unknown): Error {
  return new Error(`a function of the store answered ${typeof reply} instead of ${expected}`);
}
