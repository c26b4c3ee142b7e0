import type { TaskEstimate } from '../../api/estimates.ts';
import type { DeviceProfile } from '../../domain/device.ts';
import { type Priority, prioritySchema, type TaskId } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { Requirement } from '../../domain/requirement.ts';
import type { QueueSummary, TaskRecord } from '../store/task-store.ts';
import { earliestStart, type Server } from './earliest-start.ts';
import type { Candidate, Host, HostIndex } from './host-index.ts';
import { keysOfQueue, keysOfSpec, type WorkKeys } from './work-keys.ts';

/** Hosts looked at for one task: of more, those with the least work, and what is ahead shrinks in proportion. */
const MAX_HOSTS = 64;
/** Running tasks read for one question. */
const MAX_LEASES = 256;

/** A place in line. */
export interface Need {
  readonly requirement: Requirement;
  readonly requirementDigest: string;
  readonly keys: WorkKeys;
  readonly priority: Priority;
  /** Since when it is in its queue; null when it is not yet. */
  readonly enqueuedAt: EpochMs | null;
  /** Tasks of its own queue that go first. */
  readonly ahead: number;
  /** It cannot begin before: milliseconds from now. */
  readonly notBeforeMs: number;
}

/** What the farm is at, as of one moment. */
export interface FleetNow {
  readonly queues: readonly QueueSummary[];
  readonly now: EpochMs;
  /** Of the agents. */
  readonly index: HostIndex;
  /** Shared leases that a host holds at once. */
  readonly sharedLeasesPerHost: number;
  durationOf(keys: WorkKeys, deviceModel: string): number | undefined;
  readTask(taskId: TaskId): Promise<TaskRecord | undefined>;
}

/** Tasks of a plan with one requirement that go before others of the plan. */
interface Planned {
  readonly need: Need;
  readonly count: number;
  readonly totalMs: number;
  /** Why the total is not known; empty when it is. */
  readonly unknown: string;
}

/** Work of one queue, or of a part of a plan, that is shared out over its hosts. */
interface Ahead {
  readonly requirement: Requirement;
  readonly requirementDigest: string;
  /** On one of the models of this host; or why nobody knows. */
  totalMs(host: Host): number | string;
}

/**
 * Estimates when tasks begin, from one look at the fleet. What runs is taken off by the time it has run; queues that want the same hosts are spread
 * evenly over those they can have; then the own queue is served in order. Aging, retries, later and higher arrivals are not foreseen. The cost of an
 * estimate depends on hosts and queues, never on how many tasks wait.
 */
export class FleetLoad {
  readonly #now: FleetNow;
  readonly #index: HostIndex;
  readonly #leases = new Map<TaskId, Promise<TaskRecord | undefined>>();
  readonly #planned = new Map<string, Planned>();

  constructor(now: FleetNow) {
    this.#now = now;
    this.#index = now.index;
  }

  /** Start and end of a task that is in no one's hands yet. */
  async estimate(need: Need): Promise<TaskEstimate> {
    const { list } = this.#index.candidates(need.requirement, need.requirementDigest);
    if (list.length === 0) return unknown('no device that fits is connected and ready');
    const some = leastBusy(list);
    const servers = await Promise.all(some.map((candidate) => this.#serverOf(candidate, need)));
    const known = servers.filter((server) => typeof server !== 'string');
    const ahead = need.ahead + (this.#planned.get(need.requirementDigest)?.count ?? 0);
    const start = earliestStart(known, Math.floor((ahead * some.length) / list.length));
    if (start !== undefined) return this.#startingAt(Math.max(start.startMs, need.notBeforeMs), start.server, need);
    return unknown(servers.find((server) => typeof server === 'string') ?? unmeasured('its kind', modelOf(some[0])));
  }

  /** Why none of the devices that fit may take a task, as `whyNot` says of one; undefined when one may, or none fits. */
  heldBack({ requirement, requirementDigest }: Need, whyNot: (profile: DeviceProfile) => string | undefined): string | undefined {
    let first: string | undefined;
    for (const { profile } of this.#index.candidates(requirement, requirementDigest).devices) {
      const why = whyNot(profile);
      if (why === undefined) return undefined;
      first ??= why;
    }
    return first;
  }

  /** Counts a task of a plan: those estimated later come after it. */
  add(need: Need): void {
    const [first] = this.#index.candidates(need.requirement, need.requirementDigest).list;
    const model = modelOf(first);
    const durationMs = this.#now.durationOf(need.keys, model);
    const { count, totalMs, unknown: why } = this.#planned.get(need.requirementDigest) ?? { count: 0, totalMs: 0, unknown: '' };
    const problem = durationMs === undefined ? unmeasured(`a ${need.requirement.kind} that goes first`, model) : '';
    this.#planned.set(need.requirementDigest, { need, count: count + 1, totalMs: totalMs + (durationMs ?? 0), unknown: why || problem });
  }

  /** When a task that runs ends. */
  runningEnd(task: TaskRecord): TaskEstimate {
    const model = this.#index.modelOf(task.attempts.at(-1)?.deviceName ?? '');
    const endMs = this.#leftMs(task, model);
    return endMs === undefined ? { startMs: 0, endMs: null, unknown: unmeasured('its kind', model) } : { startMs: 0, endMs, unknown: '' };
  }

  /** How long such a task takes on a model of the fleet; undefined where it was never measured. */
  anywhere(keys: WorkKeys): number | undefined {
    for (const model of this.#index.models()) {
      const durationMs = this.#now.durationOf(keys, model);
      if (durationMs !== undefined) return durationMs;
    }
    return undefined;
  }

  #startingAt(startMs: number, server: Server & { readonly model: string }, { keys }: Need): TaskEstimate {
    const ownMs = this.#now.durationOf(keys, server.model);
    return ownMs === undefined
      ? { startMs, endMs: null, unknown: unmeasured('its kind', server.model) }
      : { startMs, endMs: startMs + ownMs, unknown: '' };
  }

  /** A host as the task finds it; or why nobody knows when it is free. */
  async #serverOf(candidate: Candidate, need: Need): Promise<(Server & { readonly model: string }) | string> {
    const runningMs = await this.#runningMs(candidate.host, need);
    if (typeof runningMs === 'string') return runningMs;
    const queuedMs = this.#queuedMs(candidate.host, need);
    if (typeof queuedMs === 'string') return queuedMs;
    const model = modelOf(candidate);
    return { freeMs: Math.round(runningMs + queuedMs), taskMs: this.#ownQueueMs(need, model), model };
  }

  /** Of a host's running tasks, as long as they keep this one out. */
  async #runningMs(host: Host, { requirement }: Need): Promise<number | string> {
    const shared = this.#now.sharedLeasesPerHost;
    const lefts: number[] = [];
    let needsQuiet = requirement.exclusivity === 'exclusive';
    for (const { taskId, deviceName } of host.leases) {
      const task = await this.#leased(taskId);
      const model = this.#index.modelOf(deviceName);
      const leftMs = task === undefined ? undefined : this.#leftMs(task, model);
      if (task === undefined || leftMs === undefined) return unmeasured(`${taskId}, which runs now,`, model);
      lefts.push(leftMs);
      needsQuiet ||= task.requirement.exclusivity === 'exclusive';
    }
    if (needsQuiet) return Math.max(0, ...lefts);
    return lefts.length < shared ? 0 : Math.min(...lefts);
  }

  /** Work that other queues have for a host before it is this task's turn. */
  #queuedMs(host: Host, need: Need): number | string {
    let sumMs = 0;
    for (const ahead of this.#aheadOf(need)) {
      const { list, hosts } = this.#index.candidates(ahead.requirement, ahead.requirementDigest);
      if (!hosts.has(host)) continue;
      const totalMs = ahead.totalMs(host);
      if (typeof totalMs === 'string') return totalMs;
      const atOnce = ahead.requirement.exclusivity === 'shared' ? this.#now.sharedLeasesPerHost : 1;
      sumMs += totalMs / (list.length * atOnce);
    }
    return sumMs;
  }

  *#aheadOf(need: Need): Generator<Ahead> {
    for (const queue of this.#now.queues) {
      const { requirement, requirementDigest } = queue;
      const count = requirementDigest === need.requirementDigest ? 0 : countBefore(queue, need);
      if (count > 0) yield { requirement, requirementDigest, totalMs: (host) => this.#queueMs(queue, host, count) };
    }
    for (const [requirementDigest, { need: planned, totalMs, unknown: why }] of this.#planned) {
      const { requirement } = planned;
      if (requirementDigest !== need.requirementDigest) yield { requirement, requirementDigest, totalMs: () => why || totalMs };
    }
  }

  #queueMs(queue: QueueSummary, host: Host, count: number): number | string {
    const keys = keysOfQueue(queue);
    for (const model of host.models.values()) {
      const durationMs = this.#now.durationOf(keys, model);
      if (durationMs !== undefined) return durationMs * count;
    }
    return unmeasured(`the ${queue.requirement.kind} tasks that go first`, [...new Set(host.models.values())].join(', '));
  }

  /** How long each task before this one in its own queue takes: the mean of the planned and the waiting ones. */
  #ownQueueMs(need: Need, model: string): number | undefined {
    const { count, totalMs, unknown: why } = this.#planned.get(need.requirementDigest) ?? { count: 0, totalMs: 0, unknown: '' };
    const waitingMs = need.ahead === 0 ? 0 : this.#now.durationOf(keysOfQueue(need), model);
    if (why !== '' || waitingMs === undefined) return undefined;
    const tasks = count + need.ahead;
    return tasks === 0 ? this.#now.durationOf(need.keys, model) : Math.round((totalMs + waitingMs * need.ahead) / tasks);
  }

  /** Undefined when more run than are looked at. */
  #leased(taskId: TaskId): Promise<TaskRecord | undefined> {
    const known = this.#leases.get(taskId);
    if (known !== undefined) return known;
    const reading = this.#leases.size < MAX_LEASES ? this.#now.readTask(taskId) : Promise.resolve(undefined);
    this.#leases.set(taskId, reading);
    return reading;
  }

  #leftMs(task: TaskRecord, model: string): number | undefined {
    const attempt = task.attempts.at(-1);
    const durationMs = this.#now.durationOf(keysOfSpec(task.spec), model);
    if (attempt === undefined || durationMs === undefined) return undefined;
    const ranMs = Math.max(0, this.#now.now - (attempt.acceptedAt ?? attempt.leasedAt));
    return Math.max(0, Math.round(durationMs - ranMs));
  }
}

/** As many as are looked at, the first of equals first; without a look at the whole fleet where enough of it is free. */
function leastBusy(list: readonly Candidate[]): readonly Candidate[] {
  const free: Candidate[] = [];
  for (const candidate of list) {
    if (candidate.host.leases.length === 0) free.push(candidate);
    if (free.length === MAX_HOSTS) return free;
  }
  return list.toSorted((a, b) => a.host.leases.length - b.host.leases.length).slice(0, MAX_HOSTS);
}

function unknown(why: string): TaskEstimate {
  return { startMs: null, endMs: null, unknown: why };
}

function unmeasured(what: string, model: string): string {
  return `nothing like ${what} has been measured on ${model} yet`;
}

function modelOf(candidate: Candidate | undefined): string {
  return candidate?.device.profile.model ?? '';
}

/** How many tasks of another queue go first. Whether those of the same class do is decided by the one that came first. */
function countBefore({ pendingBy, oldestEnqueuedAt }: QueueSummary, { priority, enqueuedAt }: Need): number {
  const isEarlier = enqueuedAt === null || oldestEnqueuedAt < enqueuedAt;
  const classes = prioritySchema.options.indexOf(priority) + (isEarlier ? 1 : 0);
  return prioritySchema.options.slice(0, classes).reduce((sum, one) => sum + pendingBy[one], 0);
}
