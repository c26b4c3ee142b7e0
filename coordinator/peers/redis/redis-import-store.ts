import { type ImportedResult, importedResultSchema } from '../../../domain/imported-result.ts';
import { type ImportedData, type ImportedModel, importedDataSchema, importedModelSchema } from '../../../domain/imports.ts';
import {
  type ImportStore,
  MAX_IMPORTED_RESULTS,
  MAX_IMPORTS,
  resultsByName,
  splitName,
  tooManyImports,
  tooManyResults,
} from '../../imports/import-store.ts';
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

/**
 * Puts results, all or none.
 * Key: their hash. Arguments: how many there may be, then name and document of each, no name twice. Answers 1, or 0 without room.
 */
const PUT_RESULTS = `
local count = redis.call('HLEN', KEYS[1])
for index = 2, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[index]) == 0 then count = count + 1 end
end
if count > tonumber(ARGV[1]) then return 0 end
for index = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end
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

  async putResults(results: readonly ImportedResult[]): Promise<void> {
    const entries = [...resultsByName(results)].flatMap(([name, result]) => [name, JSON.stringify(result)]);
    const stored = await this.#link.run((client) => client.eval(PUT_RESULTS, 1, this.#results, MAX_IMPORTED_RESULTS, ...entries));
    if (stored !== 1) throw tooManyResults();
  }

  async removeResults(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#link.run((client) => client.hdel(this.#results, ...names));
  }

  async #put({ key, name }: { key: string; name: string }, document: unknown): Promise<void> {
    const keys = [key, ...[this.#models, this.#data].filter((other) => other !== key)];
    const stored = await this.#link.run((client) => client.eval(PUT, keys.length, ...keys, name, JSON.stringify(document), MAX_IMPORTS));
    if (stored !== 1) throw tooManyImports();
  }

  async #documents(key: string): Promise<readonly unknown[]> {
    const entries = Object.entries(await this.#link.run((client) => client.hgetall(key)));
    return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => JSON.parse(text));
  }
}
