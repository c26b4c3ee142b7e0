import type { TaskEstimate } from '../../api/estimates.ts';
import { MAX_ESTIMATED_PER_PAGE } from '../../api/jobs.ts';
import type { Priority, TaskId } from '../../domain/names.ts';
import { limitsFor, quotaInTheWay, type SchedulingPolicy } from '../../domain/policy.ts';
import type { Clock } from '../../domain/ports.ts';
import { type Requirement, refusals } from '../../domain/requirement.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { NewTask, QueueSummary, TaskRecord, TaskStore } from '../store/task-store.ts';
import { FleetLoad, type Need } from './fleet-load.ts';
import { HostIndex, type Judged } from './host-index.ts';
import type { RecentDurations } from './recent-durations.ts';
import { keysOfConversion, keysOfSpec } from './work-keys.ts';

/** Remembered match answers; all are forgotten when there are more, since requirements of old jobs never come back. */
const MAX_MATCHES = 50_000;
/** Tasks of a plan that are estimated one by one, and queues of which the last task is. */
const MAX_ESTIMATED_TASKS = 200;
const MAX_ESTIMATED_QUEUES = 256;

export interface EstimatesDeps {
  readonly store: Pick<TaskStore, 'agents' | 'queues' | 'task' | 'position' | 'policy' | 'leaseCounts'>;
  readonly durations: Pick<RecentDurations, 'of' | 'ready'>;
  readonly clock: Clock;
  /** The store's limit. */
  readonly sharedLeasesPerHost: number;
}

export interface PlannedEstimate extends TaskEstimate {
  /** Place in its queue, 1 = next; null while it waits for another task. */
  readonly position: number | null;
}

export interface PlanEstimate {
  /** Of the first tasks of the plan that are to run. */
  readonly tasks: ReadonlyMap<TaskId, PlannedEstimate>;
  /** Milliseconds until the last of all tasks ends; null when unknown. */
  readonly endMs: number | null;
  /** Why the end is unknown; empty when it is known. */
  readonly unknown: string;
}

/** The fleet and who may have how much of it, as of one moment. */
interface StoredLook {
  readonly load: FleetLoad;
  readonly policy: SchedulingPolicy;
  readonly leases: Readonly<Record<string, number>>;
  of(task: TaskRecord): Promise<TaskEstimate>;
}

/** Answers when tasks start and end. */
export class Estimates {
  readonly #deps: EstimatesDeps;
  readonly #matches = new Map<string, boolean>();
  #index: HostIndex | undefined;

  constructor(deps: EstimatesDeps) {
    this.#deps = deps;
  }

  /** Of tasks that are not submitted yet, `done` being those that will not run. */
  async ofPlan(
    tasks: readonly NewTask[],
    { priority, done }: { readonly priority: Priority; readonly done: ReadonlySet<TaskId> },
  ): Promise<PlanEstimate> {
    const { load, queues } = await this.#look();
    const pendingOf = new Map(queues.map((queue) => [queue.requirementDigest, countUpTo(queue, priority)]));
    const plan = new PlanWalk({ load, priority, done, pendingOf });
    for (const task of tasks) await plan.visit(task);
    return plan.result();
  }

  /** Of the first of these tasks, which the store has and which have not ended. */
  async ofTasks(tasks: readonly TaskRecord[]): Promise<ReadonlyMap<TaskId, TaskEstimate>> {
    const { of } = await this.open();
    const first = tasks.slice(0, MAX_ESTIMATED_PER_PAGE);
    return new Map(await Promise.all(first.map(async (task) => [task.taskId, await of(task)] as const)));
  }

  /** Opens a look at the fleet as it is now, for tasks that the store has. */
  async open(): Promise<{ of(task: TaskRecord): Promise<TaskEstimate> }> {
    const { store } = this.#deps;
    const [{ load }, policy, leases] = await Promise.all([this.#look(), store.policy(), store.leaseCounts()]);
    const known = new Map<TaskId, Promise<TaskEstimate>>();
    const of = (task: TaskRecord): Promise<TaskEstimate> => {
      const estimate = known.get(task.taskId) ?? this.#estimateStored(task, { load, policy, leases, of });
      known.set(task.taskId, estimate);
      return estimate;
    };
    return { of };
  }

  async #estimateStored(task: TaskRecord, { load, policy, leases, of }: StoredLook): Promise<TaskEstimate> {
    const { state, requirement, requirementDigest, priority, spec, enqueuedAt } = task;
    const need = { requirement, requirementDigest, priority, keys: keysOfSpec(spec), enqueuedAt, notBeforeMs: 0, ahead: 0 };
    if (state === 'running' || state === 'leased') return load.runningEnd(task);
    if (state === 'pending') {
      const held = load.heldBack(need, ({ labels }) => quotaInTheWay(limitsFor(policy, task.submitter, labels['pool'] ?? null), leases));
      // Nobody knows when a quota has room again.
      if (held !== undefined) return { startMs: null, endMs: null, unknown: held };
      return load.estimate({ ...need, ahead: ((await this.#deps.store.position(task.taskId)) ?? 1) - 1 });
    }
    const needs = await Promise.all(task.needs.map((taskId) => this.#deps.store.task(taskId)));
    const open = needs.filter((one) => one !== undefined && !isEnd(one.state));
    const ends = await Promise.all(open.flatMap((one) => (one === undefined ? [] : [of(one)])));
    return afterNeeds(ends, unlinkedConversionMs(task, load), (notBeforeMs) => load.estimate({ ...need, notBeforeMs }));
  }

  async #look(): Promise<{ readonly load: FleetLoad; readonly queues: readonly QueueSummary[] }> {
    const { store, durations, clock, sharedLeasesPerHost } = this.#deps;
    const [agents, queues] = await Promise.all([store.agents(), store.queues(), durations.ready()]);
    const matches = (requirement: Requirement, digest: string, device: Judged): boolean => this.#isMatch(requirement, digest, device);
    this.#index = HostIndex.of(agents, matches, this.#index);
    const load = new FleetLoad({
      index: this.#index,
      queues,
      now: clock.now(),
      sharedLeasesPerHost,
      durationOf: (keys, model) => durations.of(keys, model),
      readTask: (taskId) => store.task(taskId),
    });
    return { load, queues };
  }

  #isMatch(requirement: Requirement, digest: string, { profile, profileDigest }: Judged): boolean {
    const key = `${digest} ${profileDigest}`;
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    if (this.#matches.size >= MAX_MATCHES) this.#matches.clear();
    const answer = refusals(requirement, profile).length === 0;
    this.#matches.set(key, answer);
    return answer;
  }
}

interface WalkContext {
  readonly load: FleetLoad;
  readonly priority: Priority;
  readonly done: ReadonlySet<TaskId>;
  /** Requirement -> tasks that wait already and go first. */
  readonly pendingOf: ReadonlyMap<string, number>;
}

/** The tasks of a plan in their order, each estimated behind those before it. */
class PlanWalk {
  readonly #context: WalkContext;
  readonly #estimates = new Map<TaskId, PlannedEstimate>();
  readonly #planned = new Map<string, number>();
  /** The last task of each queue beyond those estimated one by one. */
  readonly #last = new Map<string, NewTask>();

  constructor(context: WalkContext) {
    this.#context = context;
  }

  async visit(task: NewTask): Promise<void> {
    if (task.endedAs !== undefined || this.#context.done.has(task.taskId)) return;
    if (this.#estimates.size < MAX_ESTIMATED_TASKS) this.#estimates.set(task.taskId, await this.#estimate(task));
    else this.#last.set(task.requirementDigest, task);
    this.#count(task);
  }

  async result(): Promise<PlanEstimate> {
    const queues = [...this.#last.values()];
    const rest = await Promise.all(queues.slice(0, MAX_ESTIMATED_QUEUES).map((task) => this.#estimate(task)));
    const all = [...this.#estimates.values(), ...rest];
    const missing = queues.length > MAX_ESTIMATED_QUEUES ? 'it goes to more groups of devices than are looked at' : undefined;
    const unknown = all.find(({ endMs }) => endMs === null)?.unknown ?? missing;
    const endMs = unknown === undefined ? Math.max(0, ...all.map((one) => one.endMs ?? 0)) : null;
    return { tasks: this.#estimates, endMs, unknown: unknown ?? '' };
  }

  async #estimate(task: NewTask): Promise<PlannedEstimate> {
    const { load } = this.#context;
    const need = this.#needOf(task);
    const open = task.needs.filter((taskId) => !this.#context.done.has(taskId));
    if (open.length === 0)
      return { ...(await load.estimate(need)), position: need.ahead + (this.#planned.get(task.requirementDigest) ?? 0) + 1 };
    const ends = open.flatMap((taskId) => this.#estimates.get(taskId) ?? []);
    return {
      ...(await afterNeeds(ends, unlinkedConversionMs(task, load), (notBeforeMs) => load.estimate({ ...need, notBeforeMs }))),
      position: null,
    };
  }

  #count(task: NewTask): void {
    this.#planned.set(task.requirementDigest, (this.#planned.get(task.requirementDigest) ?? 0) + 1);
    this.#context.load.add(this.#needOf(task));
  }

  #needOf({ requirement, requirementDigest, spec }: NewTask): Need {
    const { priority, pendingOf } = this.#context;
    const ahead = pendingOf.get(requirementDigest) ?? 0;
    return { requirement, requirementDigest, keys: keysOfSpec(spec), priority, enqueuedAt: null, ahead, notBeforeMs: 0 };
  }
}

/** What begins when the last of its needs has ended. `extraMs`: what else comes between, as text when nobody knows. */
async function afterNeeds(
  ends: readonly TaskEstimate[],
  extraMs: number | string,
  estimate: (notBeforeMs: number) => Promise<TaskEstimate>,
): Promise<TaskEstimate> {
  const why = ends.find(({ endMs }) => endMs === null)?.unknown ?? (typeof extraMs === 'string' ? extraMs : undefined);
  if (why !== undefined) return { startMs: null, endMs: null, unknown: `what it needs: ${why}` };
  const endMs = Math.max(0, ...ends.map((one) => one.endMs ?? 0));
  return estimate(endMs + (typeof extraMs === 'number' ? extraMs : 0));
}

/** A benchmark whose source is not resolved yet waits for a conversion that no task stands for. */
function unlinkedConversionMs({ spec, needs }: Pick<NewTask, 'spec' | 'needs'>, load: FleetLoad): number | string {
  if (spec.kind !== 'benchmark' || spec.conversionKey !== null || needs.length === 0) return 0;
  const durationMs = load.anywhere(keysOfConversion(spec.recipe.digest, spec.task));
  return durationMs ?? 'no such conversion has been measured yet';
}

function countUpTo({ pendingBy }: QueueSummary, priority: Priority): number {
  const { urgent, interactive, sweep } = pendingBy;
  return priority === 'urgent' ? urgent : priority === 'interactive' ? urgent + interactive : urgent + interactive + sweep;
}
