import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ACCEPT_MS, LEASE_MS } from '../../../domain/constants.ts';
import { type CellCuration, cellCurationSchema } from '../../../domain/curation.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Sha256 } from '../../../domain/json.ts';
import type { AgentId, JobId, TaskId } from '../../../domain/names.ts';
import { DEFAULT_POLICY, schedulingPolicySchema } from '../../../domain/policy.ts';
import type { Clock, EpochMs } from '../../../domain/ports.ts';
import type { Assignment, TaskResult } from '../../../domain/task.ts';
import { type TaskState, taskStateSchema } from '../../../domain/task-state.ts';
import type { AcquireCommand, Acquired, DueItem, JobRecord, StoreEvent, TaskPage, TaskRecord, TaskStore } from '../task-store.ts';
import { checkSchema, checkServer } from './check-server.ts';
import { ColdDocuments, type DocumentArchive } from './cold-documents.ts';
import {
  acceptCall,
  acquireCall,
  addTasksCall,
  cancelJobCall,
  closeStreamCall,
  completeCall,
  curateCellCall,
  expireCall,
  heartbeatCall,
  helloCall,
  markAgentCall,
  rejectCall,
  setPolicyCall,
  submitCall,
  verdictsOf,
} from './commands.ts';
import type { RedisLink, RedisLog } from './connect.ts';
import { EventFeed, eventsOf } from './event-feed.ts';
import { bytesOf, type FunctionCall, listOf, numberOf, type Reply, StoreFunctions, textOf } from './functions.ts';
import { createKeys, type Keys } from './keys.ts';
import type { QueryFunction } from './library.ts';
import { type Judged, judge } from './matcher.ts';
import { agentOf, curationOf, jobOf, queueOf, taskOf } from './records.ts';

type CommandOf<
  Name extends
    | 'submit'
    | 'addTasks'
    | 'hello'
    | 'heartbeat'
    | 'closeStream'
    | 'accept'
    | 'reject'
    | 'complete'
    | 'markAgent'
    | 'setPolicy'
    | 'curateCell'
    | 'cancelJob'
    | 'expire',
> = Parameters<TaskStore[Name]>[0];

/** Tasks read by one call: a list is read in slices, so that no call keeps Redis from others for long. */
const SLICE = 200;

/** Members of a hash or set read by one call. */
const SCANNED = 500;

/** Rounds of judging before one command is given up: each answers everything that was open when it began. */
const MAX_JUDGING_ROUNDS = 5;

/** People who say something about one cell at the same moment. */
const MAX_CURATION_ROUNDS = 50;

export interface RedisTaskStoreOptions {
  /** Owned by the caller, who closes it after the store has stopped. */
  readonly link: RedisLink;
  /** Several farms may share a server. */
  readonly farm: string;
  readonly clock: Clock;
  readonly sha256?: Sha256;
  readonly log?: RedisLog;
  /** Where documents of old jobs go; without it they stay in Redis. */
  readonly archive?: DocumentArchive;
}

/** A store that can be kept small. */
export interface ArchivingTaskStore extends TaskStore {
  /**
   * Moves documents of jobs that ended before this time into the artifact store. Everything can be asked as before. Returns how many jobs it has gone
   * through: 0 when there is nothing left to do. Several coordinators may do it at once.
   */
  archiveEnded(before: EpochMs): Promise<number>;
}

/**
 * {@link TaskStore} on Redis, for any number of coordinators. Every command is one function call and thereby atomic; nothing that matters is kept in
 * this process.
 */
export function createRedisTaskStore(options: RedisTaskStoreOptions): ArchivingTaskStore {
  return new RedisTaskStore(options);
}

class RedisTaskStore implements ArchivingTaskStore {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #functions: StoreFunctions;
  readonly #feed: EventFeed;
  readonly #cold: ColdDocuments;
  readonly #sha256: Sha256;
  readonly #log: RedisLog;
  /** Cells whose curation cannot be read. */
  readonly #leftOut = new Set<string>();

  constructor({ link, farm, clock, sha256, archive, log = () => {} }: RedisTaskStoreOptions) {
    this.#link = link;
    this.#keys = createKeys(farm);
    this.#functions = new StoreFunctions(link, this.#keys.prefix);
    this.#cold = new ColdDocuments(this.#functions, archive);
    this.#feed = new EventFeed({ link, keys: this.#keys, clock, log });
    this.#sha256 = sha256 ?? ((data) => createHash('sha256').update(data).digest('hex'));
    this.#log = log;
  }

  async start(): Promise<void> {
    await checkServer(this.#link, this.#log);
    await checkSchema(this.#link, this.#keys);
    await this.#functions.load();
    await this.#functions.removeEarlier(this.#log);
    await this.#feed.start();
  }

  async stop(): Promise<void> {
    this.#feed.stop();
  }

  async submit(command: CommandOf<'submit'>) {
    const [jobId, created] = await this.#run(submitCall(command));
    return { jobId: textOf(jobId), created: textOf(created) === '1' };
  }

  async addTasks(command: CommandOf<'addTasks'>) {
    await this.#run(addTasksCall(command));
  }

  async hello(command: CommandOf<'hello'>) {
    const [sessionId, letters] = await this.#run(helloCall(command), { agentId: command.agentId, devices: command });
    const leases = command.heldLeases.map(({ lease }) => lease);
    return { sessionId: numberOf(sessionId), verdicts: verdictsOf(textOf(letters), leases) };
  }

  async heartbeat(command: CommandOf<'heartbeat'>) {
    const [letters] = await this.#run(heartbeatCall(command));
    return { verdicts: verdictsOf(textOf(letters), command.renewals) };
  }

  async closeStream(command: CommandOf<'closeStream'>) {
    await this.#run(closeStreamCall(command));
  }

  async acquire(command: AcquireCommand) {
    const values = await this.#run(acquireCall(command));
    return values.length === 0 ? undefined : acquiredOf(values, command.token);
  }

  async accept(command: CommandOf<'accept'>) {
    await this.#run(acceptCall(command));
  }

  async reject(command: CommandOf<'reject'>) {
    await this.#run(rejectCall(command, this.#sha256));
  }

  async complete(command: CommandOf<'complete'>) {
    const [state, recorded] = await this.#run(completeCall(command, this.#sha256));
    return { state: taskStateSchema.parse(textOf(state)), recorded: textOf(recorded) === '1' };
  }

  async markAgent(command: CommandOf<'markAgent'>) {
    await this.#run(markAgentCall(command));
  }

  async setPolicy(command: CommandOf<'setPolicy'>) {
    await this.#run(setPolicyCall(command));
  }

  /** The rules are TypeScript's: what is read is changed here and kept if it is still the same there. */
  async curateCell(command: CommandOf<'curateCell'>) {
    let before = '';
    for (let round = 0; round < MAX_CURATION_ROUNDS; round += 1) {
      const call = curateCellCall(command, before);
      const [kept] = await this.#run(call);
      before = textOf(kept);
      if (before === call.texts?.[1]) return cellCurationSchema.parse(JSON.parse(before));
    }
    throw new GroveError('store-unavailable', { problem: `too many people curate cell ${command.cellId} at once` });
  }

  async cancelJob(command: CommandOf<'cancelJob'>) {
    const [cancelled, running] = await this.#run(cancelJobCall(command));
    return { cancelledTasks: idsSchema.parse(JSON.parse(textOf(cancelled))), running: attemptsOf(running) };
  }

  async expire(command: CommandOf<'expire'>) {
    const [ended, stopped] = await this.#run(expireCall(command));
    return { ended: attemptsOf(ended), stopped: attemptsOf(stopped) };
  }

  async due(now: EpochMs, limit: number): Promise<readonly DueItem[]> {
    const found = await this.#link.run((client) => client.zrangebyscore(this.#keys.alarms, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit));
    return found.flatMap((what, index) => (index % 2 === 0 ? [dueItemOf(what, Number(found[index + 1]))] : []));
  }

  async job(jobId: JobId) {
    return jobOf(await this.#ask('job', { jobId }));
  }

  /** In as many answers as their bytes need. */
  async jobs({ limit, before }: Parameters<TaskStore['jobs']>[0]) {
    const found: JobRecord[] = [];
    for (let last = before; ; last = found.at(-1)?.jobId) {
      const call = { limit: limit - found.length, ...(last !== undefined && { before: last }) };
      const [more, jobs] = listOf(await this.#ask('jobs', call));
      found.push(...listOf(jobs).flatMap((fields) => jobOf(fields) ?? []));
      if (textOf(more) !== '1') return found;
    }
  }

  async knownJobs(jobIds: readonly JobId[]) {
    return listOf(await this.#ask('known_jobs', { ids: jobIds })).map(textOf);
  }

  async runningJobs() {
    return this.#whole('running_jobs', {}, { read: jobOf, nameOf: ({ jobId }) => jobId });
  }

  async followingJobs(now: EpochMs) {
    return this.#whole('following_jobs', { now }, { read: jobOf, nameOf: ({ jobId }) => jobId });
  }

  async task(taskId: TaskId) {
    const [fields] = listOf(await this.#ask('tasks', { ids: [taskId] }));
    return fields === undefined ? undefined : taskOf(fields);
  }

  async tasksOf(jobId: JobId, page?: TaskPage) {
    const { offset = 0, limit = Number.POSITIVE_INFINITY, states } = page ?? {};
    if (states !== undefined) return this.#tasksIn(jobId, states, { offset, limit });
    return this.#slices({ offset, limit }, (range) => this.#ask('tasks_of', { jobId, ...range }));
  }

  /** Goes through a job's tasks once, however many answers that takes. */
  async #tasksIn(jobId: JobId, states: readonly TaskState[], { offset, limit }: Pick<TaskPage, 'offset' | 'limit'>) {
    const found: TaskRecord[] = [];
    let place = 0;
    let skip = offset;
    while (found.length < limit) {
      const call = { jobId, states, place, skip, limit: Math.min(SLICE, limit - found.length) };
      const [next, skipped, tasks] = listOf(await this.#ask('tasks_in', call));
      found.push(...listOf(tasks).flatMap((fields) => taskOf(fields) ?? []));
      if (bytesOf(next).length === 0) break;
      place = numberOf(next);
      skip -= numberOf(skipped);
    }
    return found;
  }

  async agents() {
    return this.#whole('agents', {}, { read: agentOf, nameOf: ({ agentId }) => agentId });
  }

  async agent(agentId: AgentId) {
    return agentOf(await this.#ask('agent', { agentId }));
  }

  async policy() {
    const text = textOf(await this.#ask('policy', {}));
    return text === '' ? DEFAULT_POLICY : schedulingPolicySchema.parse(JSON.parse(text));
  }

  async leaseCounts() {
    const fields = listOf(await this.#ask('lease_counts', {})).map(textOf);
    return Object.fromEntries(fields.flatMap((key, index) => (index % 2 === 0 ? [[key, Number(fields[index + 1])] as const] : [])));
  }

  async queues() {
    return this.#whole('queues', {}, { read: queueOf, nameOf: ({ requirementDigest }) => requirementDigest });
  }

  async position(taskId: TaskId) {
    const [position] = listOf(await this.#ask('position', { taskId }));
    return bytesOf(position).length === 0 ? undefined : numberOf(position);
  }

  async benchmarks(page: Parameters<TaskStore['benchmarks']>[0] = { offset: 0, limit: Number.POSITIVE_INFINITY }) {
    return this.#slices(page, (range) => this.#ask('benchmarks', range));
  }

  async curations() {
    const found = new Map<string, CellCuration>();
    for (let cursor = '0'; ; ) {
      const [next, fields] = await this.#link.run((client) => client.hscan(this.#keys.curations, cursor, 'COUNT', SCANNED));
      for (let index = 0; index < fields.length; index += 2) {
        const [cellId = '', text = ''] = fields.slice(index, index + 2);
        const curation = curationOf(text);
        if (curation === undefined) this.#leaveOut(cellId);
        else found.set(cellId, curation);
      }
      if (next === '0') return found;
      cursor = next;
    }
  }

  /** Told once: it is read for every matrix. */
  #leaveOut(cellId: string): void {
    if (this.#leftOut.has(cellId)) return;
    this.#leftOut.add(cellId);
    this.#log('redis-curation-unreadable', { cellId });
  }

  async archives() {
    const found = new Set<string>();
    for (let cursor = '0'; ; ) {
      const [next, digests] = await this.#link.run((client) => client.sscan(this.#keys.archives, cursor, 'COUNT', SCANNED));
      for (const digest of digests) found.add(digest);
      if (next === '0') return [...found];
      cursor = next;
    }
  }

  async eventsSince(afterSequence: number, limit: number) {
    const entries = await this.#link.run((client) => client.xrange(this.#keys.events, `${afterSequence + 1}-0`, '+', 'COUNT', limit));
    const events = entries.flatMap(([id, fields]) => eventsOf(id, fields));
    return events.filter(({ sequence }) => sequence > afterSequence).slice(0, limit);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  archiveEnded(before: EpochMs): Promise<number> {
    return this.#cold.archiveEnded(before);
  }

  /**
   * One command. When the functions do not know yet which devices meet which requirements, they are told and the command is sent again; a refusal came
   * before anything was written.
   */
  async #run(call: FunctionCall, newcomer?: { readonly agentId: AgentId; readonly devices: Judged }): Promise<readonly Reply[]> {
    for (let round = 0; round < MAX_JUDGING_ROUNDS; round += 1) {
      const { result, lastEvent, values } = await this.#functions.run(call);
      if (result.kind === 'refused') throw result.error;
      if (result.kind === 'ok') {
        if (lastEvent > 0) await this.#feed.delivered(lastEvent);
        return values;
      }
      await this.#judge(result.agentIds, newcomer);
    }
    throw new GroveError('store-unavailable', { problem: 'requirements appear faster than they can be matched with devices' });
  }

  async #judge(agentIds: readonly AgentId[], newcomer: { readonly agentId: AgentId; readonly devices: Judged } | undefined): Promise<void> {
    const agents = await Promise.all(
      agentIds.map(async (agentId) => (newcomer?.agentId === agentId ? newcomer.devices : this.agent(agentId))),
    );
    await judge(
      this.#functions,
      agents.filter((agent) => agent !== undefined),
    );
  }

  async #ask(name: QueryFunction, call: object): Promise<Reply> {
    return this.#cold.thaw(await this.#functions.ask(name, call));
  }

  /**
   * A list that changes meanwhile, in as many answers as its bytes need. What is there all the time is found once; of what comes or leaves meanwhile,
   * some is.
   */
  async #whole<T>(name: QueryFunction, call: object, { read, nameOf }: ReaderOf<T>): Promise<readonly T[]> {
    const found = new Map<string, T>();
    for (let after: readonly string[] = []; ; ) {
      const [score, last, records] = listOf(await this.#ask(name, { ...call, ...(after.length > 0 && { after }) }));
      for (const fields of listOf(records)) {
        const record = read(fields);
        if (record !== undefined) found.set(nameOf(record), record);
      }
      if (textOf(last) === '') return [...found.values()];
      after = [textOf(score), textOf(last)];
    }
  }

  async #slices(
    { offset, limit }: Pick<TaskPage, 'offset' | 'limit'>,
    read: (range: Range) => Promise<Reply>,
  ): Promise<readonly TaskRecord[]> {
    const found: TaskRecord[] = [];
    while (found.length < limit) {
      const from = offset + found.length;
      const size = Math.min(SLICE, limit - found.length);
      const slice = listOf(await read({ from, to: from + size - 1 })).flatMap((fields) => taskOf(fields) ?? []);
      found.push(...slice);
      if (slice.length < size) break;
    }
    return found;
  }
}

interface ReaderOf<T> {
  read(fields: Reply): T | undefined;
  /** No two members of the list have the same. */
  nameOf(record: T): string;
}

/** Places in a list, both ends included. */
interface Range {
  readonly from: number;
  readonly to: number;
}

function acquiredOf([taskId, attempt, deviceName, leasedUntil, spec, conversion]: readonly Reply[], token: string): Acquired {
  const assignment: Assignment = {
    lease: { taskId: textOf(taskId), attempt: numberOf(attempt), token },
    leaseMs: LEASE_MS,
    acceptMs: ACCEPT_MS,
    deviceName: textOf(deviceName),
    spec: JSON.parse(textOf(spec)),
    conversion: conversionOf(textOf(conversion)),
  };
  return { assignment, leasedUntil: numberOf(leasedUntil) };
}

function conversionOf(text: string): Assignment['conversion'] {
  const result: TaskResult | null = text === '' ? null : JSON.parse(text);
  return result?.kind === 'convert' ? { artifact: result.artifact, reference: result.reference } : null;
}

/** Lua writes an empty list as `{}`. */
const emptySchema = z.strictObject({}).transform(() => []);
const idsSchema = z.union([z.array(z.string()), emptySchema]);
const attemptsSchema = z.union([z.array(z.tuple([z.string(), z.string(), z.number()])), emptySchema]);

function attemptsOf(reply: Reply | undefined) {
  return attemptsSchema.parse(JSON.parse(textOf(reply))).map(([agentId, taskId, attempt]) => ({ agentId, taskId, attempt }));
}

function dueItemOf(what: string, deadline: EpochMs): DueItem {
  const item: Omit<DueItem, 'deadline'> = JSON.parse(what);
  return { ...item, deadline } as DueItem;
}
