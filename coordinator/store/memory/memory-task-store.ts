import { hash } from 'node:crypto';
import { checkCuration } from '../../../domain/curation.ts';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import type { Sha256 } from '../../../domain/json.ts';
import type { AgentId, JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs, Files } from '../../../domain/ports.ts';
import type { StoreEvent, TaskPage, TaskStore } from '../task-store.ts';
import { curationAfter } from './commands/curate-cell.ts';
import { dueItems } from './deadlines.ts';
import { type AnswerOf, type Call, type CommandName, type CommandOf, type Executed, execute } from './execute.ts';
import { type Journal, openJournal } from './journal.ts';
import { snapshotPath } from './journal-files.ts';
import {
  agentRecord,
  allAgents,
  benchmarkTasks,
  eventsAfter,
  followingJobs,
  jobsPage,
  positionInQueue,
  queueSummaries,
  runningJobs,
  tasksOfJob,
} from './queries.ts';
import { recover, removeSuperseded, type StoreLog } from './recover.ts';
import { captureState, encodeSnapshot } from './snapshot.ts';
import { createState, type State } from './state.ts';

/** A segment of the journal that has grown beyond this, and beyond the last snapshot, is replaced by a snapshot: a restart reads both. */
const SNAPSHOT_AFTER_BYTES = 16 * 1_048_576;

export interface MemoryTaskStoreOptions {
  /** Where the journal lives; absolute. Without it nothing outlives the process. Exactly one store may use a folder: its owner holds a lock. */
  readonly folder?: string;
  /** Required with `folder`. */
  readonly files?: Files;
  readonly sha256?: Sha256;
  readonly log?: StoreLog;
  /** Told once when the journal cannot be written any more. From then on every command and query throws `store-failed`: the coordinator must stop. */
  readonly onFailure?: (error: GroveError) => void;
  /** Default 16 MiB. */
  readonly snapshotAfterBytes?: number;
}

/**
 * The executable specification of {@link TaskStore}, and the embedded default. Commands are applied in memory at once, in the order of their calls, and
 * answered when they are in the journal; queries see what has been applied.
 */
export function createMemoryTaskStore(options: MemoryTaskStoreOptions = {}): TaskStore {
  return new MemoryTaskStore(options);
}

function nodeSha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

class MemoryTaskStore implements TaskStore {
  readonly #options: MemoryTaskStoreOptions;
  readonly #sha256: Sha256;
  readonly #log: StoreLog;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #current: State = createState();
  #failure: GroveError | undefined;
  #journal: Journal | undefined;
  /** Commands in the state. */
  #sequence = 0;
  /** Events whose commands are on stable storage. */
  #durableEvents = 0;
  #snapshotBytes = 0;
  /** Commands in the newest snapshot. */
  #snapshotSequence = 0;
  #snapshotting: Promise<void> | undefined;

  constructor(options: MemoryTaskStoreOptions) {
    this.#options = options;
    this.#sha256 = options.sha256 ?? nodeSha256;
    this.#log = options.log ?? (() => {});
    if (options.folder !== undefined) this.#failure = new GroveError('store-failed', { problem: 'it has not been started' });
  }

  async start(): Promise<void> {
    const { folder, files } = this.#options;
    if (folder === undefined || this.#journal !== undefined) return;
    if (files === undefined) throw new GroveError('store-failed', { problem: 'a folder needs files to write it' });
    const { state, sequence, segment, snapshotSequence, outdated } = await recover({ files, folder, sha256: this.#sha256, log: this.#log });
    const onFailure = (error: GroveError) => this.#fail(error);
    const journal = await openJournal({ files, folder, segment, onFailure });
    this.#current = state;
    this.#sequence = sequence;
    this.#snapshotSequence = snapshotSequence;
    if (outdated) await this.#snapshot(journal);
    this.#journal = journal;
    this.#durableEvents = state.counters.event;
    this.#failure = undefined;
  }

  async stop(): Promise<void> {
    const journal = this.#journal;
    this.#journal = undefined;
    if (journal === undefined) return;
    const isWhole = this.#failure === undefined;
    this.#failure ??= new GroveError('store-failed', { problem: 'it has been stopped' });
    await this.#snapshotting;
    if (isWhole && this.#sequence > this.#snapshotSequence) await this.#trySnapshot(journal);
    await journal.close();
  }

  submit(command: CommandOf<'submit'>) {
    return this.#run('submit', command);
  }

  addTasks(command: CommandOf<'addTasks'>) {
    return this.#run('addTasks', command);
  }

  hello(command: CommandOf<'hello'>) {
    return this.#run('hello', command);
  }

  heartbeat(command: CommandOf<'heartbeat'>) {
    return this.#run('heartbeat', command);
  }

  closeStream(command: CommandOf<'closeStream'>) {
    return this.#run('closeStream', command);
  }

  acquire(command: CommandOf<'acquire'>) {
    return this.#run('acquire', command);
  }

  accept(command: CommandOf<'accept'>) {
    return this.#run('accept', command);
  }

  reject(command: CommandOf<'reject'>) {
    return this.#run('reject', command);
  }

  complete(command: CommandOf<'complete'>) {
    return this.#run('complete', command);
  }

  markAgent(command: CommandOf<'markAgent'>) {
    return this.#run('markAgent', command);
  }

  setPolicy(command: CommandOf<'setPolicy'>) {
    return this.#run('setPolicy', command);
  }

  /** Checked here and not by the command: a journal may hold what was accepted before there was a check. */
  async curateCell(command: CommandOf<'curateCell'>) {
    checkCuration(curationAfter(this.#state, command));
    return this.#run('curateCell', command);
  }

  cancelJob(command: CommandOf<'cancelJob'>) {
    return this.#run('cancelJob', command);
  }

  expire(command: CommandOf<'expire'>) {
    return this.#run('expire', command);
  }

  async due(now: EpochMs, limit: number) {
    return dueItems(this.#state, now, limit);
  }

  async job(jobId: JobId) {
    return this.#state.jobs.get(jobId)?.record;
  }

  async jobs(page: Parameters<TaskStore['jobs']>[0]) {
    return jobsPage(this.#state, page);
  }

  async knownJobs(jobIds: readonly JobId[]) {
    const { jobs } = this.#state;
    return jobIds.filter((jobId) => jobs.has(jobId));
  }

  async runningJobs() {
    return runningJobs(this.#state);
  }

  async followingJobs(now: EpochMs) {
    return followingJobs(this.#state, now);
  }

  async task(taskId: TaskId) {
    return this.#state.tasks.get(taskId)?.record;
  }

  async tasksOf(jobId: JobId, page?: TaskPage) {
    return tasksOfJob(this.#state, jobId, page);
  }

  async agents() {
    return allAgents(this.#state);
  }

  async agent(agentId: AgentId) {
    return agentRecord(this.#state, agentId);
  }

  async policy() {
    return this.#state.policy;
  }

  async leaseCounts() {
    // In an order that a restart does not change: the counts are worked out anew then.
    return Object.fromEntries([...this.#state.leaseCounts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async queues() {
    return queueSummaries(this.#state);
  }

  async position(taskId: TaskId) {
    return positionInQueue(this.#state, taskId);
  }

  async benchmarks(page?: Parameters<TaskStore['benchmarks']>[0]) {
    return benchmarkTasks(this.#state, page);
  }

  async curations() {
    return new Map(this.#state.curations);
  }

  async eventsSince(afterSequence: number, limit: number) {
    return eventsAfter(this.#state, { afterSequence, durableSequence: this.#durableEvents, limit });
  }

  /** Everything is in the journal. */
  async archives() {
    return [];
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The state, unless it can no longer be trusted to be the one on disk. */
  get #state(): State {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#current;
  }

  async #run<Name extends CommandName>(name: Name, command: CommandOf<Name>): Promise<AnswerOf<Name>> {
    const call = { name, command };
    const outcome = this.#apply(call);
    // No waiting before this line: the journal must have every command that the state has, in the same order.
    await this.#write(call, outcome);
    if (outcome instanceof GroveError) throw outcome;
    this.#publish(outcome.events);
    return outcome.answer;
  }

  /** A refusal is an outcome too: it came before the first write. Anything else that is thrown may have left half a change behind. */
  #apply<Name extends CommandName>(call: Call<Name>): Executed<Name> | GroveError {
    const state = this.#state;
    try {
      return execute(state, call, this.#sha256);
    } catch (error) {
      if (error instanceof GroveError) return error;
      this.#fail(new GroveError('store-failed', { problem: toGroveError(error).message }, { cause: error }));
      throw error;
    }
  }

  async #write<Name extends CommandName>(call: Call<Name>, outcome: Executed<Name> | GroveError): Promise<void> {
    const journal = this.#journal;
    if (journal === undefined) return;
    // An answer that changed nothing may rest on an earlier command that is not on stable storage yet.
    if (outcome instanceof GroveError || !outcome.changed) return journal.settled();
    this.#sequence += 1;
    // A renewal that is lost with the process only looks older afterwards; nobody should wait for it.
    const lazy = call.name === 'heartbeat' && outcome.events.length === 0;
    // One that renews leases is written at once: a restart after a crash of this process knows until when their hosts are taken.
    const patient = lazy && !renewsLeases(call);
    const written = journal.append({ sequence: this.#sequence, call }, { lazy, patient });
    this.#snapshotWhenLarge(journal);
    await written;
  }

  #publish(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#durableEvents = event.sequence;
      for (const listener of this.#listeners) this.#tell(listener, event);
    }
  }

  #tell(listener: (event: StoreEvent) => void, event: StoreEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#log('listener-failed', { type: event.type, problem: toGroveError(error).message });
    }
  }

  #snapshotWhenLarge(journal: Journal): void {
    const limitBytes = Math.max(this.#options.snapshotAfterBytes ?? SNAPSHOT_AFTER_BYTES, this.#snapshotBytes);
    if (this.#snapshotting !== undefined || journal.segmentBytes < limitBytes) return;
    this.#snapshotting = this.#trySnapshot(journal).finally(() => {
      this.#snapshotting = undefined;
    });
  }

  /** Without a snapshot the journal still has everything. */
  #trySnapshot(journal: Journal): Promise<void> {
    return this.#snapshot(journal).catch((error: unknown) => this.#log('snapshot-failed', { problem: toGroveError(error).message }));
  }

  /** New segment, then snapshot, then removal of what it replaces: whichever step a crash interrupts, the files left over give the same state. */
  async #snapshot(journal: Journal): Promise<void> {
    const { folder, files } = this.#options;
    if (folder === undefined || files === undefined) return;
    const sequence = this.#sequence;
    const records = captureState(this.#current);
    await journal.rotate(sequence + 1);
    const bytes = await encodeSnapshot(records, sequence);
    await files.writeAtomic(snapshotPath(folder, sequence), bytes);
    this.#snapshotBytes = bytes.length;
    this.#snapshotSequence = sequence;
    await removeSuperseded(files, folder, sequence);
  }

  #fail(error: GroveError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.onFailure?.(error);
  }
}

function renewsLeases({ command }: Call<CommandName>): boolean {
  return 'renewals' in command && command.renewals.length > 0;
}
