import type { Clock, Timer } from '../../../domain/ports.ts';
import type { RedisLink } from '../../store/redis/connect.ts';
import { type CoordinatorEntry, coordinatorEntrySchema, type Roll } from '../roll.ts';

const REPEAT_MS = 3_000;
/** One that was not heard of for this long is gone. */
const GONE_MS = 10_000;

/** The roll as a hash in Redis: coordinator id -> its entry. */
export class RedisRoll implements Roll {
  readonly #link: RedisLink;
  readonly #key: string;
  readonly #clock: Clock;
  #mine: Omit<CoordinatorEntry, 'seenAt'> | undefined;
  #timer: Timer | undefined;

  constructor({ link, key, clock }: { readonly link: RedisLink; readonly key: string; readonly clock: Clock }) {
    this.#link = link;
    this.#key = key;
    this.#clock = clock;
  }

  join(entry: Omit<CoordinatorEntry, 'seenAt'>): void {
    this.#mine = entry;
    this.#repeat();
  }

  async present(): Promise<readonly CoordinatorEntry[]> {
    const texts = Object.values(await this.#link.run((client) => client.hgetall(this.#key)));
    const entries = texts.flatMap((text) => coordinatorEntrySchema.safeParse(JSON.parse(text)).data ?? []);
    const since = this.#clock.now() - GONE_MS;
    await this.#strikeOff(entries.filter(({ seenAt }) => seenAt < since));
    return entries.filter(({ seenAt }) => seenAt >= since).sort((a, b) => (a.coordinatorId < b.coordinatorId ? -1 : 1));
  }

  async leave(): Promise<void> {
    const mine = this.#mine;
    this.#mine = undefined;
    this.#timer?.cancel();
    if (mine !== undefined) await this.#link.run((client) => client.hdel(this.#key, mine.coordinatorId));
  }

  /** Those killed never left. One that only was slow comes back with its next word. */
  async #strikeOff(gone: readonly CoordinatorEntry[]): Promise<void> {
    if (gone.length > 0) await this.#link.run((client) => client.hdel(this.#key, ...gone.map(({ coordinatorId }) => coordinatorId)));
  }

  #repeat(): void {
    const mine = this.#mine;
    if (mine === undefined) return;
    const text = JSON.stringify({ ...mine, seenAt: this.#clock.now() });
    // A failure is known to whoever uses the link; the next word comes soon.
    void this.#link.run((client) => client.hset(this.#key, mine.coordinatorId, text)).catch(() => {});
    this.#timer = this.#clock.after(REPEAT_MS, () => this.#repeat());
  }
}
