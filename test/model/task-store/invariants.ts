import type { AnyCall } from '../../../coordinator/store/memory/execute.ts';
import { SHARED_LEASES_PER_HOST } from '../../../coordinator/store/order.ts';
import type { AgentRecord, DueItem, JobRecord, QueueSummary, StoreEvent, TaskRecord } from '../../../coordinator/store/task-store.ts';
import type { CellCuration } from '../../../domain/curation.ts';
import type { SchedulingPolicy } from '../../../domain/policy.ts';
import { isEnd } from '../../../domain/task-state.ts';

/** Everything a store shows, read after one command. */
export interface Observed {
  readonly jobs: readonly JobRecord[];
  readonly tasks: readonly TaskRecord[];
  /** Job -> its tasks with their states as it sees them. */
  readonly views: ReadonlyMap<string, readonly (readonly [string, string])[]>;
  readonly positions: ReadonlyMap<string, number | undefined>;
  readonly due: readonly DueItem[];
  readonly agents: readonly AgentRecord[];
  readonly queues: readonly QueueSummary[];
  readonly running: readonly string[];
  readonly following: readonly string[];
  readonly benchmarks: readonly TaskRecord[];
  readonly policy: SchedulingPolicy;
  readonly curations: ReadonlyMap<string, CellCuration>;
  readonly leaseCounts: Readonly<Record<string, number>>;
}

/** What must hold whatever has happened. */
export function checkInvariants(seen: Observed, events: readonly StoreEvent[]): void {
  checkHosts(seen);
  checkJobs(seen);
  checkAttempts(seen);
  checkQueues(seen);
  checkEvents(seen, events);
}

/** Throws with a reason; building the reason only then keeps thousands of checks cheap. */
function must(holds: boolean, reason: () => string): void {
  if (!holds) throw new Error(reason());
}

/** At most one exclusive lease per host, never beside a shared one, and no more shared ones than a host takes. */
function checkHosts({ tasks }: Observed): void {
  const live = tasks.filter(({ state }) => state === 'leased' || state === 'running');
  for (const hostId of new Set(live.map(({ attempts }) => attempts.at(-1)?.hostId))) {
    const there = live.filter(({ attempts }) => attempts.at(-1)?.hostId === hostId);
    const hasExclusive = there.some(({ requirement }) => requirement.exclusivity === 'exclusive');
    must(there.length <= (hasExclusive ? 1 : SHARED_LEASES_PER_HOST), () => `host ${hostId} holds ${there.map(({ taskId }) => taskId)}`);
  }
}

/** No task is lost, counts are the tasks', and a job has ended exactly when they have. */
function checkJobs({ jobs, views }: Observed): void {
  for (const { jobId, taskIds, counts, state, endedAt } of jobs) {
    const states = (views.get(jobId) ?? []).map(([, seen]) => seen);
    must(states.length === taskIds.length, () => `job ${jobId} has lost tasks`);
    for (const [name, count] of Object.entries(counts)) {
      must(states.filter((seen) => seen === name).length === count, () => `job ${jobId} counts ${count} ${name} tasks`);
    }
    const isOpen = counts.waiting + counts.pending + counts.leased + counts.running > 0;
    must((state === 'running') === isOpen && (endedAt === null) === isOpen, () => `job ${jobId} is ${state}, ended at ${endedAt}`);
  }
}

/** Attempt numbers rise by one, tokens are used once, only the last attempt lives, and only in a task that has not ended. */
function checkAttempts({ tasks }: Observed): void {
  const tokens = tasks.flatMap(({ attempts }) => attempts.map(({ token }) => token));
  must(new Set(tokens).size === tokens.length, () => 'a token was given out twice');
  for (const { taskId, state, attempts, result } of tasks) {
    const first = attempts[0]?.attempt ?? 1;
    must(
      attempts.every(({ attempt }, index) => attempt === first + index),
      () => `attempts of ${taskId} do not count up`,
    );
    const living = attempts.filter(({ ended }) => ended === null).length;
    must(living === (state === 'leased' || state === 'running' ? 1 : 0), () => `${taskId} is ${state} with ${living} living attempts`);
    must((result !== null) === (state === 'completed'), () => `${taskId} is ${state} with result ${result}`);
  }
}

/** Every pending task is in the queue of its requirement and nothing else is. */
function checkQueues({ tasks, queues }: Observed): void {
  const pending = tasks.filter(({ state }) => state === 'pending').map(({ requirementDigest }) => requirementDigest);
  for (const queue of queues) {
    const count = pending.filter((digest) => digest === queue.requirementDigest).length;
    must(count === queue.pending && count > 0, () => `queue ${queue.requirementDigest} says ${queue.pending}, not ${count}`);
  }
  must(queues.length === new Set(pending).size, () => 'a pending task is in no queue');
}

/** Events have no gaps, and the last one about a job or task says what is true now. */
function checkEvents({ jobs, tasks }: Observed, events: readonly StoreEvent[]): void {
  const lastTask = new Map<string, string>();
  const lastJob = new Map<string, string>();
  for (const [index, event] of events.entries()) {
    must(event.sequence === (events[0]?.sequence ?? 0) + index, () => `event ${event.sequence} is out of order`);
    if (event.type === 'task') lastTask.set(event.taskId, event.state);
    if (event.type === 'job') lastJob.set(event.jobId, JSON.stringify(event.counts));
  }
  for (const { taskId, state } of tasks)
    must(lastTask.get(taskId) === state, () => `the last event of ${taskId} is not that it is ${state}`);
  for (const { jobId, counts } of jobs)
    must(lastJob.get(jobId) === JSON.stringify(counts), () => `the last event of ${jobId} has other counts`);
}

/** An ended job may stop following the fleet: nothing that has ended changes by it. */
function pinned(job: JobRecord | undefined) {
  return { ...job, followsUntil: null };
}

/** What commands may do to what was there before: nothing accepted disappears, what has ended stays as it ended. */
export function checkStep(before: Observed, after: Observed, calls: readonly AnyCall[]): void {
  const names = calls.map(({ name }) => name);
  for (const job of before.jobs) {
    const now = after.jobs.find(({ jobId }) => jobId === job.jobId);
    must(now !== undefined, () => `${names} lost job ${job.jobId}`);
    if (job.state !== 'running' && !names.includes('addTasks'))
      must(isSame(pinned(now), pinned(job)), () => `${names} changed ended job ${job.jobId}`);
  }
  const startsAfresh = names.includes('submit') || names.includes('addTasks');
  for (const task of before.tasks) {
    const now = after.tasks.find(({ taskId }) => taskId === task.taskId);
    must(now !== undefined, () => `${names} lost task ${task.taskId}`);
    if (isEnd(task.state) && !startsAfresh) must(isSame(now, task), () => `${names} changed ended task ${task.taskId}`);
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
