import { type Pin, pinSchema } from '../../../domain/suite.ts';
import type { PinStore } from '../../pins/pin-store.ts';
import type { RedisLink } from '../../store/redis/connect.ts';

/** Pins as a hash in Redis, one field per suite. */
export class RedisPinStore implements PinStore {
  readonly #link: RedisLink;
  readonly #key: string;

  /** @param prefix what every key of the farm begins with. */
  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#key = `${prefix}pins`;
  }

  async pins(): Promise<readonly Pin[]> {
    const entries = Object.entries(await this.#link.run((client) => client.hgetall(this.#key)));
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => pinSchema.parse(JSON.parse(text)));
  }

  async pin(pin: Pin): Promise<void> {
    await this.#link.run((client) => client.hset(this.#key, pin.suite, JSON.stringify(pin)));
  }

  async unpin(suite: string): Promise<boolean> {
    return (await this.#link.run((client) => client.hdel(this.#key, suite))) > 0;
  }
}
