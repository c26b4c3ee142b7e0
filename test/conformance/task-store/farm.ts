import type {
  Acquired,
  AddTasksCommand,
  DueItem,
  MarkAgentCommand,
  NewTask,
  StoreEvent,
  TaskStore,
} from '../../../coordinator/store/task-store.ts';
import type { Device } from '../../../domain/device.ts';
import { type ErrorReport, GroveError } from '../../../domain/errors.ts';
import type { JobSpec } from '../../../domain/job.ts';
import type { Priority } from '../../../domain/names.ts';
import type { AgentStatus, HeldLease } from '../../../domain/protocol.ts';
import type { AttemptOutcome, LeaseRef } from '../../../domain/task.ts';
import { deviceOf, digestsOf, hostOf, JOB_SPEC } from './documents.ts';

const READY: AgentStatus = { state: 'ready', why: '' };

export interface HelloOptions {
  /** Default: a host of its own. */
  readonly hostId?: string;
  readonly instanceId?: string;
  readonly devices?: readonly Device[];
  readonly held?: readonly (LeaseRef & { readonly resultPending?: boolean })[];
  readonly status?: AgentStatus;
}

export interface SubmitOptions {
  readonly jobId?: string;
  readonly priority?: Priority;
  readonly submitter?: string;
  readonly key?: string;
  readonly digest?: string;
  readonly spec?: JobSpec;
}

/** A lease as an agent knows it. */
export interface Held extends LeaseRef {
  readonly agentId: string;
  readonly acquired: Acquired;
}

/** A store with a virtual clock, current sessions and made-up tokens: what a coordinator would pass along. */
export class Farm {
  now = 1_000_000;
  readonly store: TaskStore;
  readonly events: StoreEvent[] = [];
  readonly sessions = new Map<string, number>();
  #tokens = 0;
  #jobs = 0;

  constructor(store: TaskStore) {
    this.store = store;
    store.subscribe((event) => this.events.push(event));
  }

  async submit(tasks: readonly NewTask[], options: SubmitOptions = {}): Promise<string> {
    this.#jobs += 1;
    const jobId = options.jobId ?? `job${this.#jobs}`;
    const { priority = 'interactive', submitter = 'ann', key = jobId, digest = 'same', spec = JOB_SPEC } = options;
    const principal = { kind: 'user', name: submitter } as const;
    const request = { now: this.now, principal, jobId, idempotencyKey: key, requestDigest: digest };
    await this.store.submit({ ...request, spec, priority, tasks });
    return jobId;
  }

  async addTasks(jobId: string, tasks: readonly NewTask[], links: AddTasksCommand['links'] = []): Promise<void> {
    await this.store.addTasks({ now: this.now, principal: { kind: 'system', name: 'coordinator' }, jobId, tasks, links });
  }

  async hello(agentId: string, options: HelloOptions = {}) {
    const { hostId = `host-${agentId}`, instanceId = `instance-${agentId}`, status = READY } = options;
    const devices = options.devices ?? [deviceOf(`${agentId}/cpu0`)];
    const heldLeases = (options.held ?? []).map(
      ({ resultPending = false, ...lease }): HeldLease => ({ lease: refOf(lease), stage: null, resultPending }),
    );
    const who = { agentId, instanceId, agentVersion: '1', coordinatorId: 'coordinator', host: hostOf(hostId) };
    const answer = await this.store.hello({
      now: this.now,
      ...who,
      devices,
      profileDigests: digestsOf(devices),
      missing: [],
      status,
      heldLeases,
    });
    this.sessions.set(agentId, answer.sessionId);
    return answer;
  }

  sessionOf(agentId: string): number {
    return this.sessions.get(agentId) ?? 0;
  }

  async heartbeat(agentId: string, renewals: readonly LeaseRef[] = [], status: AgentStatus = READY) {
    const session = { now: this.now, agentId, sessionId: this.sessionOf(agentId) };
    return this.store.heartbeat({ ...session, status, deviceStates: {}, renewals: renewals.map(refOf) });
  }

  async mark(agentId: string, mark: MarkAgentCommand['mark']): Promise<void> {
    await this.store.markAgent({ now: this.now, principal: { kind: 'user', name: 'ann' }, agentId, mark });
  }

  async closeStream(agentId: string): Promise<void> {
    await this.store.closeStream({ now: this.now, agentId, sessionId: this.sessionOf(agentId) });
  }

  token(): string {
    this.#tokens += 1;
    return this.#tokens.toString(16).padStart(32, '0');
  }

  async tryAcquire(agentId: string, token = this.token()): Promise<Held | undefined> {
    const acquired = await this.store.acquire({ now: this.now, agentId, sessionId: this.sessionOf(agentId), token });
    return acquired === undefined ? undefined : { agentId, ...acquired.assignment.lease, acquired };
  }

  async acquire(agentId: string): Promise<Held> {
    const held = await this.tryAcquire(agentId);
    if (held === undefined) throw new Error(`nothing for ${agentId}`);
    return held;
  }

  async accept(held: Held): Promise<void> {
    await this.store.accept({ now: this.now, agentId: held.agentId, lease: refOf(held) });
  }

  async reject(held: Held, error: ErrorReport): Promise<void> {
    await this.store.reject({ now: this.now, agentId: held.agentId, lease: refOf(held), error });
  }

  /** Acquires and accepts. */
  async run(agentId: string): Promise<Held> {
    const held = await this.acquire(agentId);
    await this.accept(held);
    return held;
  }

  async complete(held: Held, outcome: AttemptOutcome) {
    return this.store.complete({ now: this.now, agentId: held.agentId, lease: refOf(held), outcome });
  }

  async cancel(jobId: string) {
    return this.store.cancelJob({ now: this.now, principal: { kind: 'user', name: 'ann' }, jobId });
  }

  /** Lets time pass, then ends what is due. */
  async pass(durationMs: number): Promise<readonly DueItem[]> {
    this.now += durationMs;
    const items = await this.store.due(this.now, 1_000);
    await this.store.expire({ now: this.now, items });
    return items;
  }

  async state(taskId: string): Promise<string | undefined> {
    return (await this.store.task(taskId))?.state;
  }

  async states(...taskIds: readonly string[]): Promise<readonly (string | undefined)[]> {
    return Promise.all(taskIds.map((taskId) => this.state(taskId)));
  }
}

export function refOf({ taskId, attempt, token }: LeaseRef): LeaseRef {
  return { taskId, attempt, token };
}

/** The registry code a promise is rejected with; undefined when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof GroveError) return error.code;
    throw error;
  }
}
