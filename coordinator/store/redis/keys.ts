/**
 * Names of everything the farm keeps in Redis. All carry the hash tag `{grove:<farm>}`, so that they lie in one slot of a cluster and one function call
 * may touch any of them. The functions make theirs from the same prefix:
 *
 * ```
 * schema                                 version of this layout
 * counters  event                        hash: session, enqueue, queue, job, host; number of the last event
 * hot:task:<id> and of job, agent, host, queue
 *                                        the hot record (MessagePack): what functions decide on
 * task:<id> and of job, agent, queue     hash: cold documents (JSON) that no function looks into
 * listed:<job>  left:<job>               sorted set of a job's tasks; hash of the last views of shared tasks it no longer follows
 * waiters:<task>                         sorted set: tasks that wait for it
 * jobs agents queues benchmarks          sorted sets by order of appearance
 * archives                               set of blobs that hold archived documents
 * running                                sorted set of jobs that have not ended, by order of appearance
 * following                              sorted set of jobs that follow the fleet, by the end of that
 * ended                                  sorted set of ended jobs, by end, whose documents have not been archived
 * submits                                hash: idempotency key of a principal -> request digest and job
 * lane: line: finishes: age:             pending tasks, see functions/queues.lua
 * match open:<priority> unit:<device> routes route-numbers requirements yes:<profile> fit:<device>
 *                                        who may serve what, see functions/matching.lua
 * policy  leases                         scheduling policy; hash: live leases that count against quotas
 * curations                              hash: cell id -> what people have said about it
 * alarms                                 sorted set of everything that has a deadline
 * events                                 stream of batches of store events
 * coordinators                           hash: coordinator id -> who it is and when it was heard of
 * ```
 */
export interface Keys {
  /** What every key begins with. */
  readonly prefix: string;
  /** Version of the layout, as a number. */
  readonly schema: string;
  /** Stream of batches of store events; an entry's id is the sequence number of its last event. */
  readonly events: string;
  /** Sorted set of due items as JSON without their deadline, which is the score. */
  readonly alarms: string;
  /** Number of the last event. */
  readonly event: string;
  /** Hash: cell id -> what people have said about it. */
  readonly curations: string;
  /** Set of blobs that hold archived documents. */
  readonly archives: string;
  /** Hash: coordinator id -> who it is and when it was heard of. */
  readonly coordinators: string;
}

/** Keys of one farm; several farms may share a Redis server. */
export function createKeys(farm: string): Keys {
  const prefix = `{grove:${farm}}:`;
  return {
    prefix,
    schema: `${prefix}schema`,
    events: `${prefix}events`,
    alarms: `${prefix}alarms`,
    event: `${prefix}event`,
    curations: `${prefix}curations`,
    archives: `${prefix}archives`,
    coordinators: `${prefix}coordinators`,
  };
}
