import { createHash } from 'node:crypto';
import type { Sha256 } from '../../../domain/json.ts';
import type { AgentId, JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { StoreEvent, TaskStore } from '../task-store.ts';
import { dueItems } from './deadlines.ts';
import { type AnswerOf, type CommandName, type CommandOf, type Executed, execute } from './execute.ts';
import { agentRecord, allAgents, benchmarkTasks, eventsAfter, jobsPage, positionInQueue, queueSummaries, tasksOfJob } from './queries.ts';
import { createState, type State } from './state.ts';

export interface MemoryTaskStoreOptions {
  readonly sha256?: Sha256;
}

/** The executable specification of {@link TaskStore}, and the embedded default. */
export function createMemoryTaskStore(options: MemoryTaskStoreOptions = {}): TaskStore {
  return new MemoryTaskStore(options.sha256 ?? nodeSha256);
}

function nodeSha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

class MemoryTaskStore implements TaskStore {
  readonly #sha256: Sha256;
  readonly #state: State = createState();
  readonly #listeners = new Set<(event: StoreEvent) => void>();

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

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

  async task(taskId: TaskId) {
    return this.#state.tasks.get(taskId)?.record;
  }

  async tasksOf(jobId: JobId) {
    return tasksOfJob(this.#state, jobId);
  }

  async agents() {
    return allAgents(this.#state);
  }

  async agent(agentId: AgentId) {
    return agentRecord(this.#state, agentId);
  }

  async queues() {
    return queueSummaries(this.#state);
  }

  async position(taskId: TaskId) {
    return positionInQueue(this.#state, taskId);
  }

  async benchmarks() {
    return benchmarkTasks(this.#state);
  }

  async eventsSince(afterSequence: number, limit: number) {
    return eventsAfter(this.#state, { afterSequence, durableSequence: this.#state.counters.event, limit });
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async #run<Name extends CommandName>(name: Name, command: CommandOf<Name>): Promise<AnswerOf<Name>> {
    const { answer, events }: Executed<Name> = execute(this.#state, { name, command }, this.#sha256);
    for (const event of events) for (const listener of this.#listeners) listener(event);
    return answer;
  }
}
