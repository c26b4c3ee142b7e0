import { setImmediate } from 'node:timers';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { EpochMs } from '../../../domain/ports.ts';
import type { RedisLink, RedisLog } from './connect.ts';
import { type CommandFunction, type FunctionLibrary, type QueryFunction, readLibrary } from './library.ts';
import { isEarlierLibrary, LIBRARIES } from './library-names.ts';
import { type Result, readResult } from './result-codes.ts';

/** A function's answer: a list of byte strings, numbers and lists of them. */
export type Reply = Buffer | number | readonly Reply[];

export interface Answer {
  readonly result: Result;
  /** Sequence number up to which events have to be told before the command is answered; 0 when the call has made none. */
  readonly lastEvent: number;
  readonly values: readonly Reply[];
}

export interface FunctionCall {
  readonly name: CommandFunction;
  /** Missing for commands that depend on no time. */
  readonly now?: EpochMs;
  /** Small: decoded by the function. Members that are undefined are left out. */
  readonly call: object;
  /** Documents that the function stores or passes on without looking into them. */
  readonly texts?: readonly string[];
}

/** Commands that go in one call: others wait for Redis meanwhile. */
const MAX_COMMANDS_PER_CALL = 64;
/** Characters of documents after which a call is full. */
const MAX_CHARS_PER_CALL = 1_048_576;

/** Of each library a flat list of field names and values. */
const listedSchema = z.array(z.array(z.unknown()));

interface Queued {
  readonly request: FunctionCall;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Calls the store's functions, and brings them to a server that does not have them (any more). Commands of the same turn of the event loop share a call:
 * on a busy coordinator most of what one costs is the way there and back.
 */
export class StoreFunctions {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #library: FunctionLibrary;
  #loading: Promise<void> | undefined;
  #queue: Queued[] = [];

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

  /**
   * Removes libraries of earlier versions of Grove. A coordinator of such a version that still runs, on this farm or another, brings its own back with
   * its next call.
   */
  async removeEarlier(log: RedisLog): Promise<void> {
    const libraries = await this.#link.run((client) => client.function('LIST', 'LIBRARYNAME', LIBRARIES));
    const names = listedSchema.parse(libraries).map((fields) => String(fields[fields.indexOf('library_name') + 1]));
    for (const name of names.filter((other) => isEarlierLibrary(other, this.#library.name))) {
      // Another coordinator may have been faster.
      await this.#link
        .run((client) => client.function('DELETE', name))
        .then(() => log('redis-library-removed', { library: name }))
        .catch(() => {});
    }
  }

  /** One command. */
  run(request: FunctionCall): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#queue.push({ request, resolve, reject }) === 1) setImmediate(() => this.#sendAll());
    });
  }

  /** One question. */
  async ask(name: QueryFunction, call: object): Promise<Reply> {
    const [code, second, value] = listOf(await this.#call(name, [callText(call)]));
    const result = readResult(numberOf(code), () => textOf(second));
    if (result.kind === 'refused') throw result.error;
    if (value === undefined) throw new Error(`the query ${name} answered nothing`);
    return value;
  }

  #sendAll(): void {
    const waiting = this.#queue;
    this.#queue = [];
    for (const batch of batchesOf(waiting)) void this.#sendBatch(batch);
  }

  async #sendBatch(batch: readonly Queued[]): Promise<void> {
    try {
      const [last, answers] = listOf(await this.#call('commands', argumentsOf(batch)));
      const lastEvent = numberOf(last);
      for (const [index, answer] of listOf(answers).entries()) batch[index]?.resolve(answerOf(answer, lastEvent));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #call(name: 'commands' | QueryFunction, args: readonly string[]): Promise<unknown> {
    return this.#link.run(async (client) => {
      try {
        return await this.#fcall(client, name, args);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('Function not found')) throw error;
        await this.load();
        return this.#fcall(client, name, args);
      }
    });
  }

  #fcall(client: Redis, name: string, args: readonly string[]): Promise<unknown> {
    return client.callBuffer('FCALL', [`${this.#library.name}_${name}`, '1', this.#prefix, ...args]);
  }
}

function* batchesOf(waiting: readonly Queued[]): Generator<readonly Queued[]> {
  let batch: Queued[] = [];
  let chars = 0;
  for (const queued of waiting) {
    const { texts = [] } = queued.request;
    batch.push(queued);
    for (const text of texts) chars += text.length;
    if (batch.length < MAX_COMMANDS_PER_CALL && chars < MAX_CHARS_PER_CALL) continue;
    yield batch;
    batch = [];
    chars = 0;
  }
  if (batch.length > 0) yield batch;
}

/** One argument per call: one that Redis cannot read fails alone. */
function argumentsOf(batch: readonly Queued[]): readonly string[] {
  const list = batch.map(({ request: { name, now, texts = [] } }) => [name, now ?? false, texts.length]);
  return [JSON.stringify(list), ...batch.flatMap(({ request: { call, texts = [] } }) => [callText(call), ...texts])];
}

/** The call as JSON. Redis' functions read no half of a surrogate pair: the replacement character takes its place. */
function callText(call: object): string {
  const text = JSON.stringify(call);
  return text.includes('\\ud')
    ? JSON.stringify(call, (_, value: unknown) => (typeof value === 'string' ? wellFormed(value) : value))
    : text;
}

function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

function answerOf(reply: Reply, lastEvent: number): Answer {
  const [code, second, ...values] = listOf(reply);
  const result = readResult(numberOf(code), () => textOf(second));
  return { result, lastEvent: result.kind === 'ok' && textOf(second) === '1' ? lastEvent : 0, values };
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
