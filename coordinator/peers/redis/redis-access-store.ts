import { type AuditEntry, auditEntrySchema } from '../../../domain/audit.ts';
import type { AccessStore, Change, DocumentKind } from '../../access/access-store.ts';
import type { RedisLink } from '../../store/redis/connect.ts';

/** Entries of the record of changes that are kept. */
const MAX_AUDIT_ENTRIES = 100_000;

/** Key: the documents of a kind. Arguments: field, text before, text after; an empty text is no document. Answers 1 when it was as said. */
const SWAP = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
`;

/** Documents as one hash a kind, the record of changes as a list. */
export class RedisAccessStore implements AccessStore {
  readonly #link: RedisLink;
  readonly #prefix: string;

  /** @param prefix what every key of the farm begins with. */
  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#prefix = `${prefix}access:`;
  }

  async read(kind: DocumentKind, id: string): Promise<string | undefined> {
    return (await this.#link.run((client) => client.hget(this.#keyOf(kind), id))) ?? undefined;
  }

  async list(kind: DocumentKind): Promise<readonly string[]> {
    const documents = Object.entries(await this.#link.run((client) => client.hgetall(this.#keyOf(kind))));
    return documents.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  async swap(kind: DocumentKind, id: string, { before = '', after = '' }: Change): Promise<boolean> {
    return (await this.#link.run((client) => client.eval(SWAP, 1, this.#keyOf(kind), id, before, after))) === 1;
  }

  async audit(entry: AuditEntry): Promise<void> {
    const key = `${this.#prefix}audit`;
    await this.#link.run((client) =>
      client
        .multi()
        .lpush(key, JSON.stringify(entry))
        .ltrim(key, 0, MAX_AUDIT_ENTRIES - 1)
        .exec(),
    );
  }

  async audited(limit: number): Promise<readonly AuditEntry[]> {
    const texts = await this.#link.run((client) => client.lrange(`${this.#prefix}audit`, 0, limit - 1));
    return texts.flatMap((text) => auditEntrySchema.safeParse(JSON.parse(text)).data ?? []);
  }

  #keyOf(kind: DocumentKind): string {
    return `${this.#prefix}${kind}`;
  }
}
