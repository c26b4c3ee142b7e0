/**
 * Names of everything the farm keeps in Redis, in one place. All carry the hash tag `{grove:<farm>}`, so that they lie in one slot of a cluster and one
 * function call may touch any of them.
 */
export interface Keys {
  /** What every key begins with. The Lua parts build their keys on it: `store/redis/functions/keys.lua` is the other half of this file. */
  readonly prefix: string;
  /** Version of the layout, as a number. */
  readonly schema: string;
  /** Stream of batches of store events; an entry's id is the sequence number of its last event. */
  readonly events: string;
  /** Sorted set of everything that has a deadline, by deadline. */
  readonly alarms: string;
}

/** Keys of one farm; several farms may share a Redis server. */
export function createKeys(farm: string): Keys {
  const prefix = `{grove:${farm}}:`;
  return { prefix, schema: `${prefix}schema`, events: `${prefix}events`, alarms: `${prefix}alarms` };
}
