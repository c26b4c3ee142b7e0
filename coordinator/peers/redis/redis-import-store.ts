import { type ImportedResult, importedResultSchema, resultName } from '../../../domain/imported-result.ts';
import { type ImportedData, type ImportedModel, importedDataSchema, importedModelSchema } from '../../../domain/imports.ts';
import { type ImportStore, MAX_IMPORTS, splitName, tooManyImports } from '../../imports/import-store.ts';
import type { RedisLink } from '../../store/redis/connect.ts';

/**
 * Puts one import.
 * Keys: its hash; the hashes of the other kinds. Arguments: its name, its document, how many there may be of all kinds. Answers 1, or 0 without room.
 */
const PUT = `
local isNew = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
local count = 0
for _, key in ipairs(KEYS) do count = count + redis.call('HLEN', key) end
if isNew and count >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`;

/** Imports as three hashes in Redis, one field per import. */
export class RedisImportStore implements ImportStore {
  readonly #link: RedisLink;
  readonly #models: string;
  readonly #data: string;
  readonly #results: string;

  /** @param prefix what every key of the farm begins with. */
  constructor(link: RedisLink, prefix: string) {
    this.#link = link;
    this.#models = `${prefix}imports:models`;
    this.#data = `${prefix}imports:data`;
    this.#results = `${prefix}imports:results`;
  }

  async models(): Promise<readonly ImportedModel[]> {
    return (await this.#documents(this.#models)).map((document) => importedModelSchema.parse(document));
  }

  async data(): Promise<readonly ImportedData[]> {
    return (await this.#documents(this.#data)).map((document) => importedDataSchema.parse(document));
  }

  async results(): Promise<readonly ImportedResult[]> {
    return (await this.#documents(this.#results)).map((document) => importedResultSchema.parse(document));
  }

  putModel(model: ImportedModel): Promise<void> {
    return this.#put({ key: this.#models, name: model.modelId }, model);
  }

  putData(data: ImportedData): Promise<void> {
    return this.#put({ key: this.#data, name: splitName(data) }, data);
  }

  putResult(result: ImportedResult): Promise<void> {
    return this.#put({ key: this.#results, name: resultName(result) }, result);
  }

  async #put({ key, name }: { key: string; name: string }, document: unknown): Promise<void> {
    const keys = [key, ...[this.#models, this.#data, this.#results].filter((other) => other !== key)];
    const stored = await this.#link.run((client) => client.eval(PUT, keys.length, ...keys, name, JSON.stringify(document), MAX_IMPORTS));
    if (stored !== 1) throw tooManyImports();
  }

  async #documents(key: string): Promise<readonly unknown[]> {
    const entries = Object.entries(await this.#link.run((client) => client.hgetall(key)));
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => JSON.parse(text));
  }
}
