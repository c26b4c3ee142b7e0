import { MAX_LOG_BYTES } from '../../../domain/constants.ts';
import type { TaskId } from '../../../domain/names.ts';
import { Followers } from '../../logs/followers.ts';
import type { LogPiece, LogRange, TaskLogs } from '../../logs/task-logs.ts';
import type { RedisLink } from '../../store/redis/connect.ts';
import type { Broadcast } from '../broadcast.ts';

const READ_CHUNK_BYTES = 65_536;
/** Redis is memory: a log is forgotten this long after its last line. */
const KEEP_SECONDS = 7 * 86_400;

/**
 * Adds one chunk of an attempt's log.
 * Keys: the text (string); facts of it (hash: `sequence` of the last chunk, `dropped` bytes beyond the limit).
 * Arguments: sequence, text, limit in bytes, seconds to keep. Answers 1 for a new chunk and 0 for one that is there.
 */
const APPEND = `
if tonumber(ARGV[1]) <= tonumber(redis.call('HGET', KEYS[2], 'sequence') or '-1') then return 0 end
local room = math.max(0, tonumber(ARGV[3]) - redis.call('STRLEN', KEYS[1]))
local kept = string.sub(ARGV[2], 1, room)
if #kept > 0 then redis.call('APPEND', KEYS[1], kept) end
if #kept < #ARGV[2] then redis.call('HINCRBY', KEYS[2], 'dropped', #ARGV[2] - #kept) end
redis.call('HSET', KEYS[2], 'sequence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
`;

export interface RedisTaskLogsDeps {
  readonly link: RedisLink;
  /** What every key of the farm begins with. */
  readonly prefix: string;
  readonly broadcast: Broadcast;
  /** Whether nothing will be appended any more: the attempt has ended or never was. */
  hasEnded(taskId: TaskId, attempt: number): Promise<boolean>;
  onError(taskId: TaskId, error: unknown): void;
}

/** Logs as strings in Redis, so that any coordinator reads what the agents of every other one print. */
export class RedisTaskLogs implements TaskLogs {
  readonly #deps: RedisTaskLogsDeps;
  readonly #inFlight = new Map<string, Set<Promise<void>>>();
  readonly #followers = new Followers();
  readonly #unlisten: () => void;
  #stopped = false;

  constructor(deps: RedisTaskLogsDeps) {
    this.#deps = deps;
    this.#unlisten = deps.broadcast.listen((notice) => {
      if (notice.type === 'log') this.#followers.wake(this.#keyOf(notice.taskId, notice.attempt));
    });
  }

  append(taskId: TaskId, attempt: number, { sequence, text }: LogPiece): void {
    const key = this.#keyOf(taskId, attempt);
    // Sent at once: the one connection keeps the order of an attempt's chunks, and puts them before the result that follows them.
    const sent = this.#deps.link
      .run((client) => client.eval(APPEND, 2, key, factsOf(key), sequence, text, MAX_LOG_BYTES, KEEP_SECONDS))
      .then(
        () => this.#grown(taskId, attempt),
        (error: unknown) => this.#deps.onError(taskId, error),
      );
    this.#track(key, sent);
  }

  end(taskId: TaskId, attempt: number): void {
    this.#followers.wake(this.#keyOf(taskId, attempt));
  }

  async *read({ taskId, attempt, offsetBytes, follow, signal }: LogRange): AsyncIterable<Uint8Array> {
    const key = this.#keyOf(taskId, attempt);
    let position = offsetBytes;
    for (;;) {
      const woken = this.#followers.nextChange(key, signal);
      const ended = await this.#deps.hasEnded(taskId, attempt);
      await Promise.all(this.#inFlight.get(key) ?? []);
      for await (const bytes of this.#textFrom(key, position)) {
        position += bytes.length;
        yield bytes;
      }
      if (ended) yield* this.#note(key, position);
      if (ended || !follow || signal.aborted || this.#stopped) return woken.cancel();
      await woken.changed;
      if (signal.aborted) return;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    await Promise.all([...this.#inFlight.values()].flatMap((sent) => [...sent]));
    this.#followers.wakeAll();
  }

  async *#textFrom(key: string, position: number): AsyncIterable<Uint8Array> {
    for (let at = position; ; ) {
      const bytes = await this.#deps.link.run((client) => client.getrangeBuffer(key, at, at + READ_CHUNK_BYTES - 1));
      if (bytes.length > 0) yield bytes;
      if (bytes.length < READ_CHUNK_BYTES) return;
      at += bytes.length;
    }
  }

  /** What follows the text of a log that reached its limit, unless the reader has it already. */
  async *#note(key: string, position: number): AsyncIterable<Uint8Array> {
    const dropped = Number((await this.#deps.link.run((client) => client.hget(factsOf(key), 'dropped'))) ?? 0);
    if (dropped === 0) return;
    const note = Buffer.from(`\n[${dropped} bytes left out: a log keeps ${MAX_LOG_BYTES}]\n`);
    yield note.subarray(Math.max(0, position - MAX_LOG_BYTES));
  }

  #grown(taskId: TaskId, attempt: number): void {
    this.#followers.wake(this.#keyOf(taskId, attempt));
    this.#deps.broadcast.send({ type: 'log', taskId, attempt });
  }

  #track(key: string, sent: Promise<void>): void {
    const all = this.#inFlight.get(key) ?? new Set();
    this.#inFlight.set(key, all.add(sent));
    void sent.then(() => {
      all.delete(sent);
      if (all.size === 0) this.#inFlight.delete(key);
    });
  }

  #keyOf(taskId: TaskId, attempt: number): string {
    return `${this.#deps.prefix}log:${taskId}:${attempt}`;
  }
}

function factsOf(key: string): string {
  return `${key}:facts`;
}
