import { GroveError } from '../../domain/errors.ts';
import type { AgentId, HostId, SessionId, TaskId } from '../../domain/names.ts';
import type { Clock, Random, Timer } from '../../domain/ports.ts';
import type { Assignment } from '../../domain/task.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { Acquired, QueueSummary, StoreEvent, TaskStore } from '../store/task-store.ts';
import { type Exclusivity, FleetView, type LocalSession } from './fleet-view.ts';

/** An agent that refused a task is asked again after this: it would most likely refuse the next one too. */
const REJECT_PAUSE_MS = 5_000;
/** Every queue is looked at this often even if no event asks for it: an event that was missed delays a task, it does not lose it. */
const SWEEP_MS = 5_000;
/** Queues for one device each that are tried when hosts may find something that found nothing before. */
const UNITS_AT_ONCE = 16;
/** A fencing token has 32 hex digits. */
const TOKEN_BYTES = 16;

export interface DispatcherDeps {
  readonly store: Pick<TaskStore, 'acquire' | 'queues' | 'task' | 'subscribe'>;
  readonly clock: Clock;
  readonly random: Random;
  /** The store's limit, so that a host that is full is not asked. */
  readonly sharedLeasesPerHost: number;
  onAssigned(agentId: AgentId, assignment: Assignment): void;
  onError(error: unknown): void;
}

export interface Dispatcher {
  start(): void;
  /** Resolves when no acquire is in flight. */
  stop(): Promise<void>;
  /** An agent said hello here; it is offered work when it is ready. */
  attach(session: LocalSession, ready: boolean): void;
  /** The session's stream ended. */
  detach(agentId: AgentId, sessionId: SessionId): void;
  setReady(agentId: AgentId, ready: boolean): void;
  /** The agent would not take an assignment: it is left alone for a moment. */
  rejected(agentId: AgentId): void;
}

interface HeldLease {
  readonly hostId: HostId;
  readonly exclusivity: Exclusivity;
}

/**
 * Brings pending tasks and idle agents together. Two rules keep it cheap and complete: when tasks become pending, as many fitting idle agents as there
 * are tasks acquire; when an agent or its host becomes free, that agent acquires until there is nothing for it. Whatever order events arrive in,
 * no task stays pending while an agent of this coordinator could take it.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  return new EventDispatcher(deps);
}

class EventDispatcher implements Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #view: FleetView;
  readonly #leases = new Map<TaskId, HeldLease>();
  /** Requirement digests whose queues have grown and were not looked at yet. */
  readonly #ready = new Set<string>();
  /** Digests that found no agent while hosts were being acquired for: one of those may turn out to be free after all. */
  readonly #starved = new Set<string>();
  readonly #acquiring = new Set<HostId>();
  /** Agents to ask again as soon as the acquire under way on their host is over. */
  readonly #again = new Set<AgentId>();
  /** Agents left alone after a reject -> what they say of themselves meanwhile. */
  readonly #paused = new Map<AgentId, boolean>();
  readonly #inFlight = new Set<Promise<void>>();
  /** How often the store has said that a queue has grown. */
  #growths = 0;
  #flushing = false;
  #trying: 'idle' | 'once' | 'again' = 'idle';
  /** How many queues for one device have been tried so far. */
  #unitsTried = 0;
  #unsubscribe: (() => void) | undefined;
  #sweep: Timer | undefined;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#view = new FleetView(deps.sharedLeasesPerHost);
  }

  start(): void {
    this.#unsubscribe = this.#deps.store.subscribe((event) => this.#onEvent(event));
    this.#sweepLater();
  }

  #sweepLater(): void {
    this.#sweep = this.#deps.clock.after(SWEEP_MS, () => {
      this.#view.unblock();
      this.#track(this.#serveAll());
      this.#sweepLater();
    });
  }

  /** Hosts that the store refused may find something now. One look serves all events that come before it is over, and a further one those. */
  #tryRefused(): void {
    if (this.#trying !== 'idle') {
      this.#trying = 'again';
      return;
    }
    this.#trying = 'once';
    this.#track(
      this.#tryKinds().finally(() => {
        const again = this.#trying === 'again';
        this.#trying = 'idle';
        if (again && this.#unsubscribe !== undefined) this.#tryRefused();
      }),
    );
  }

  /**
   * One host of each kind asks, and the next of its kind only when it got something: five hundred equal hosts that a quota holds back cost one acquire.
   * Queues for one device each are tried a few at a time in turn; the next sweep asks for all.
   */
  async #tryKinds(): Promise<void> {
    const spent = new Set<string>();
    const queues = await this.#deps.store.queues();
    const own = queues.filter(({ requirement }) => requirement.unit !== undefined);
    const from = own.length === 0 ? 0 : this.#unitsTried % own.length;
    this.#unitsTried += UNITS_AT_ONCE;
    const units = [...own.slice(from), ...own.slice(0, from)].slice(0, UNITS_AT_ONCE);
    for (const queue of [...queues.filter(({ requirement }) => requirement.unit === undefined), ...units])
      await this.#tryQueue(queue, spent);
  }

  async #tryQueue(queue: QueueSummary, spent: Set<string>): Promise<void> {
    for (let left = queue.pending; left > 0; left -= 1) {
      const next = this.#view.representatives(queue).find(({ kind }) => !spent.has(kind));
      if (next === undefined || this.#unsubscribe === undefined) return;
      if ((await this.#acquire(next.session)) === undefined) spent.add(next.kind);
    }
  }

  async #serveAll(): Promise<void> {
    for (const queue of await this.#deps.store.queues()) this.#serve(queue);
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  attach(session: LocalSession, ready: boolean): void {
    // A reconnect does not end the pause after a reject.
    if (this.#paused.has(session.agentId)) this.#paused.set(session.agentId, ready);
    this.#view.add(session, ready && !this.#paused.has(session.agentId));
    this.#offer(session.agentId);
  }

  detach(agentId: AgentId, sessionId: SessionId): void {
    this.#view.remove(agentId, sessionId);
  }

  setReady(agentId: AgentId, ready: boolean): void {
    if (this.#paused.has(agentId)) this.#paused.set(agentId, ready);
    else if (this.#view.setReady(agentId, ready)) this.#offer(agentId);
  }

  rejected(agentId: AgentId): void {
    if (this.#paused.has(agentId)) return;
    this.#paused.set(agentId, this.#view.isReady(agentId));
    this.#view.setReady(agentId, false);
    this.#deps.clock.after(REJECT_PAUSE_MS, () => {
      const ready = this.#paused.get(agentId) ?? false;
      this.#paused.delete(agentId);
      this.setReady(agentId, ready);
    });
  }

  #onEvent(event: StoreEvent): void {
    if (event.type === 'ready') {
      this.#growths += 1;
      this.#noteReady(event.requirementDigest);
      if (this.#view.hasBlocked) this.#tryRefused();
    }
    if (event.type === 'quota-free') this.#tryRefused();
    if (event.type === 'host-free') {
      this.#view.hostFree(event.hostId);
      this.#offerHost(event.hostId);
    }
    if (event.type === 'task' && (isEnd(event.state) || event.state === 'pending')) this.#release(event.taskId);
  }

  #release(taskId: TaskId): void {
    const hostId = this.#forgetLease(taskId);
    if (hostId !== undefined) this.#offerHost(hostId);
  }

  #forgetLease(taskId: TaskId): HostId | undefined {
    const lease = this.#leases.get(taskId);
    if (lease === undefined) return undefined;
    this.#leases.delete(taskId);
    this.#view.released(lease.hostId, lease.exclusivity);
    return lease.hostId;
  }

  #offerHost(hostId: HostId): void {
    for (const { agentId } of this.#view.sessionsOnHost(hostId)) this.#offer(agentId);
  }

  #noteReady(requirementDigest: string): void {
    this.#ready.add(requirementDigest);
    if (this.#flushing) return;
    this.#flushing = true;
    this.#track(this.#flush());
  }

  /** One look at the queues serves all events of the same moment. */
  async #flush(): Promise<void> {
    try {
      while (this.#ready.size > 0 && this.#unsubscribe !== undefined) {
        const queues = await this.#queues();
        const digests = [...this.#ready];
        this.#ready.clear();
        for (const digest of digests) this.#serve(queues.get(digest));
      }
    } finally {
      this.#flushing = false;
    }
  }

  async #queues(): Promise<ReadonlyMap<string, QueueSummary>> {
    return new Map((await this.#deps.store.queues()).map((queue) => [queue.requirementDigest, queue]));
  }

  #serve(queue: QueueSummary | undefined): void {
    for (let left = queue?.pending ?? 0; queue !== undefined && left > 0; left--) {
      const session = this.#view.candidate(queue);
      if (session === undefined) {
        if (this.#acquiring.size > 0) this.#starved.add(queue.requirementDigest);
        return;
      }
      this.#track(this.#acquireFor(session, queue.requirementDigest));
    }
  }

  /** An agent picked for a queue: if it gets another task, or none, the queue is looked at again without it. */
  async #acquireFor(session: LocalSession, requirementDigest: string): Promise<void> {
    const acquired = await this.#acquire(session, requirementDigest);
    const task = acquired && (await this.#deps.store.task(acquired.assignment.lease.taskId));
    if (task?.requirementDigest !== requirementDigest) this.#noteReady(requirementDigest);
    if (acquired !== undefined && leavesRoom(acquired)) this.#offer(session.agentId);
  }

  /** Asks for work until there is none. */
  #offer(agentId: AgentId): void {
    const session = this.#view.session(agentId);
    if (session === undefined || this.#unsubscribe === undefined || !this.#view.isReady(agentId)) return;
    if (!this.#view.hasRoom(session.hostId)) return;
    if (this.#acquiring.has(session.hostId)) {
      this.#again.add(agentId);
      return;
    }
    this.#track(
      this.#acquire(session).then((acquired) => (acquired !== undefined && leavesRoom(acquired) ? this.#offer(agentId) : undefined)),
    );
  }

  /** Lets an agent acquire; `requirementDigest` names the queue that it was picked for. */
  async #acquire(session: LocalSession, requirementDigest?: string): Promise<Acquired | undefined> {
    const { agentId, sessionId, hostId } = session;
    const { store, clock, random } = this.#deps;
    const growthsBefore = this.#growths;
    this.#acquiring.add(hostId);
    this.#view.close(hostId, 'acquiring');
    let acquired: Acquired | undefined;
    let refused = false;
    try {
      acquired = await store.acquire({ now: clock.now(), agentId, sessionId, token: random.token(TOKEN_BYTES) });
      // Decided before anybody hears that the host is open again: two queues would otherwise ask for it in turn without end.
      refused = acquired === undefined && requirementDigest !== undefined && (await this.#queues()).has(requirementDigest);
    } catch (error) {
      // A session that is no longer current belongs to another coordinator now, or to nobody.
      if (error instanceof GroveError && error.code === 'stale-session') this.#view.remove(agentId, sessionId);
      else {
        this.#deps.onError(error);
        // A store that cannot write would otherwise be asked again at once, without end; the next sweep asks again.
        refused = true;
      }
    }
    this.#acquiring.delete(hostId);
    this.#view.close(hostId, refused && this.#growths === growthsBefore ? 'blocked' : null);
    if (acquired !== undefined) this.#hand(session, acquired.assignment);
    this.#resume(hostId, acquired !== undefined);
    return acquired;
  }

  #hand(session: LocalSession, assignment: Assignment): void {
    const exclusivity = exclusivityOf(assignment);
    // The event that ended the task's earlier lease may come after the answer that leased it again.
    this.#forgetLease(assignment.lease.taskId);
    this.#leases.set(assignment.lease.taskId, { hostId: session.hostId, exclusivity });
    this.#view.leased(session.hostId, exclusivity);
    // If the stream is gone, the accept deadline gives the task to someone else.
    if (session.assign(assignment)) this.#deps.onAssigned(session.agentId, assignment);
  }

  /** What had to wait for an acquire on this host. */
  #resume(hostId: HostId, succeeded: boolean): void {
    for (const { agentId } of this.#view.sessionsOnHost(hostId)) if (this.#again.delete(agentId)) this.#offer(agentId);
    if (succeeded) return;
    const starved = [...this.#starved];
    this.#starved.clear();
    for (const digest of starved) this.#noteReady(digest);
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => this.#deps.onError(error)).finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }
}

/** Benchmarks take the whole host, everything else shares it. */
function exclusivityOf({ spec }: Assignment): Exclusivity {
  return spec.kind === 'benchmark' ? 'exclusive' : 'shared';
}

function leavesRoom({ assignment }: Acquired): boolean {
  return exclusivityOf(assignment) === 'shared';
}
