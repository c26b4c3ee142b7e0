import { expect } from 'vitest';
import type { AnyCall } from '../../../coordinator/store/memory/execute.ts';
import { COMMAND_NAMES } from '../../../coordinator/store/memory/execute.ts';
import type { DueItem, StoreEvent, TaskStore } from '../../../coordinator/store/task-store.ts';
import { GroveError } from '../../../domain/errors.ts';
import { Director } from './director.ts';
import { checkInvariants, checkStep, type Observed } from './invariants.ts';
import { NaiveFarm } from './naive-farm.ts';
import { leaseCountsOf } from './naive-quotas.ts';
import { Refusal } from './naive-records.ts';
import { EVERYBODY_WORKS, ROUND, roundsFor, startable, stillWaiting } from './waiting.ts';
import type { Action } from './world.ts';

/** Late enough to make everything due. */
const ALL_DUE_MS = 10_000_000;

/** Drives a store and the naive farm with the same history and compares every answer and everything that can be asked. Throws at the first difference. */
export async function compareWithModel(store: TaskStore, history: readonly Action[]): Promise<void> {
  const comparison = new Comparison(store);
  const unsubscribe = store.subscribe((event) => comparison.events.push(event));
  try {
    await comparison.look();
    for (const action of history) await comparison.take(action);
    await checkWaiting(store, comparison);
  } finally {
    unsubscribe();
  }
}

/** Every task that may start does start, within a bound, although urgent work never ends. */
async function checkWaiting(store: TaskStore, comparison: Comparison): Promise<void> {
  for (const action of EVERYBODY_WORKS) await comparison.take(action);
  const begun = await startable(store);
  let waiting: readonly string[] = [...begun.keys()];
  for (let left = roundsFor(begun.size); waiting.length > 0; left -= 1) {
    if (left === 0) throw new Error(`${waiting} did not start within ${roundsFor(begun.size)} rounds`);
    for (const action of ROUND) await comparison.answer(action);
    await comparison.look();
    waiting = await stillWaiting(store, begun);
  }
}

class Comparison {
  readonly events: StoreEvent[] = [];
  readonly #store: TaskStore;
  readonly #model = new NaiveFarm();
  readonly #director = new Director();
  #before: Observed | undefined;
  /** Since the last look. */
  readonly #calls: AnyCall[] = [];

  constructor(store: TaskStore) {
    this.#store = store;
  }

  async take(action: Action): Promise<void> {
    if ((await this.answer(action)) !== undefined) await this.look();
  }

  /** Lets something happen and compares the answers. Returns the command; undefined when there was nothing to do. */
  async answer(action: Action): Promise<AnyCall | undefined> {
    const call = this.#director.commandFor(action, this.#before?.due ?? []);
    if (call === undefined) return undefined;
    this.#calls.push(call);
    const real = await answerOf(async () => callStore(this.#store, call));
    const expected = await answerOf(async () => callModel(this.#model, call));
    mustEqual([call], simplified(call, real), simplified(call, expected));
    this.#director.learn(call, real.answer);
    return call;
  }

  /** Compares everything that can be asked, and what has become of what was there at the last look. */
  async look(): Promise<void> {
    const after = await observe(this.#store, this.#director.now);
    mustEqual(this.#calls, comparable(after), expectedView(this.#model, this.#director.now));
    checkInvariants(after, this.events);
    if (this.#before !== undefined) checkStep(this.#before, after, this.#calls);
    this.#calls.length = 0;
    this.#before = after;
  }
}

/** Comparing text first is many times faster; the assertion then shows the difference. */
function mustEqual(calls: readonly AnyCall[], real: unknown, expected: unknown): void {
  if (JSON.stringify(real) !== JSON.stringify(expected)) expect({ calls, real }).toEqual({ calls, real: expected });
}

interface Outcome {
  readonly answer?: unknown;
  readonly code?: string;
}

/** What became of a command: its answer, or the code it was refused with. Anything else that is thrown passes through. */
export async function answerOf(run: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await run() };
  } catch (error) {
    if (error instanceof GroveError || error instanceof Refusal) return { code: error.code };
    throw error;
  }
}

/** Calls a command by name on anything that has the commands as methods. */
export function callStore(store: TaskStore, { name, command }: AnyCall): Promise<unknown> {
  if (!COMMAND_NAMES.includes(name)) throw new Error(`no command ${name}`);
  const method: (command: never) => Promise<unknown> = store[name].bind(store);
  return method(command as never);
}

function callModel(model: NaiveFarm, { name, command }: AnyCall): unknown {
  const method: (command: never) => unknown = model[name].bind(model);
  return method(command as never);
}

/** Acquire answers carry whole documents; the model knows what matters of them. */
function simplified({ name }: AnyCall, outcome: Outcome): Outcome {
  const { answer } = outcome;
  if (name !== 'acquire' || typeof answer !== 'object' || answer === null || !('assignment' in answer) || !('leasedUntil' in answer))
    return outcome;
  const { assignment, leasedUntil } = answer;
  if (typeof assignment !== 'object' || assignment === null || !('lease' in assignment) || !('deviceName' in assignment)) return outcome;
  return { answer: { lease: assignment.lease, deviceName: assignment.deviceName, leasedUntil } };
}

/** Reads everything a store shows. */
export async function observe(store: TaskStore, now: number): Promise<Observed> {
  const jobs = await store.jobs({ limit: 1_000 });
  const tasks = new Map<string, NonNullable<Awaited<ReturnType<TaskStore['task']>>>>();
  const views = new Map<string, readonly (readonly [string, string])[]>();
  for (const { jobId, taskIds } of jobs) {
    views.set(
      jobId,
      (await store.tasksOf(jobId)).map(({ taskId, state }) => [taskId, state] as const),
    );
    for (const taskId of taskIds) {
      const task = await store.task(taskId);
      if (task !== undefined) tasks.set(taskId, task);
    }
  }
  const positions = await Promise.all([...tasks.keys()].map(async (taskId) => [taskId, await store.position(taskId)] as const));
  const due: readonly DueItem[] = await store.due(now + ALL_DUE_MS, 10_000);
  const rest = {
    leaseCounts: await store.leaseCounts(),
    policy: await store.policy(),
    curations: await store.curations(),
    agents: await store.agents(),
    queues: await store.queues(),
    running: (await store.runningJobs()).map(({ jobId }) => jobId),
    following: (await store.followingJobs(now)).map(({ jobId }) => jobId),
    benchmarks: await store.benchmarks(),
  };
  return { jobs, tasks: [...tasks.values()], views, positions: new Map(positions), due, ...rest };
}

const sorted = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(byText);

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function comparable({
  jobs,
  tasks,
  views,
  positions,
  due,
  agents,
  queues,
  benchmarks,
  policy,
  curations,
  leaseCounts,
  running,
  following,
}: Observed) {
  return {
    running,
    following,
    policy,
    curations: [...curations].sort(byText),
    leaseCounts: sorted(leaseCounts),
    jobs: jobs.map(({ jobId, state, counts }) => ({ jobId, state, counts, views: views.get(jobId) })),
    tasks: tasks
      .map((task) => ({
        taskId: task.taskId,
        state: task.state,
        jobIds:
          task.state === 'completed' || task.state === 'failed' || task.state === 'exception' || task.state === 'cancelled'
            ? []
            : task.jobIds,
        needs: task.needs,
        priority: task.priority,
        submitter: task.submitter,
        error: task.error,
        result: task.result,
        enqueuedAt: task.enqueuedAt,
        avoid: task.avoid,
        position: positions.get(task.taskId),
        attempts: task.attempts.map((attempt) => ({
          number: attempt.attempt,
          agentId: attempt.agentId,
          hostId: attempt.hostId,
          deviceName: attempt.deviceName,
          token: attempt.token,
          leasedUntil: attempt.leasedUntil,
          acceptBy: attempt.acceptBy,
          acceptedAt: attempt.acceptedAt,
          ended: attempt.ended?.state ?? null,
          code: attempt.ended?.error?.code ?? null,
          told: attempt.cancelRequestedBy,
        })),
      }))
      .sort(byText),
    agents: agents.map(({ agentId, sessionId, connection, status, mark, breaker, leases }) => {
      return { agentId, sessionId, connection, status: status.state, mark, breaker, leases: leases.map(({ taskId }) => taskId) };
    }),
    queues: queues
      .map(({ requirementDigest, pending, oldestEnqueuedAt }) => ({ requirementDigest, pending, oldestEnqueuedAt }))
      .sort(byText),
    due: [...due].sort(byText),
    benchmarks: benchmarks.map(({ taskId }) => taskId).sort(),
  };
}

const NONE = { waiting: 0, pending: 0, leased: 0, running: 0, completed: 0, failed: 0, exception: 0, cancelled: 0 };
const ENDED = new Set(['completed', 'failed', 'exception', 'cancelled']);

function expectedView(model: NaiveFarm, now: number): ReturnType<typeof comparable> {
  const digests = [...new Set(model.tasks.filter(({ state }) => state === 'pending').map(({ origin }) => origin.requirementDigest))];
  return {
    policy: model.policy,
    curations: [...model.curateCell.kept].sort(byText),
    leaseCounts: sorted(leaseCountsOf(model)),
    jobs: [...model.jobs].reverse().map((job) => {
      const views = job.taskIds.map((taskId) => [taskId, model.viewOf(job, taskId)] as const);
      const counts = { ...NONE };
      for (const [, state] of views) counts[state] += 1;
      return { jobId: job.jobId, state: endingOf(counts), counts, views };
    }),
    tasks: model.tasks
      .map((task) => ({
        taskId: task.taskId,
        state: task.state,
        jobIds: ENDED.has(task.state) ? [] : task.jobs,
        needs: task.needs,
        priority: task.priority,
        submitter: task.submitter,
        error: task.error,
        result: task.result as never,
        enqueuedAt: task.enqueuedAt,
        avoid: task.avoid,
        position: task.state === 'pending' ? model.queue(task.origin.requirementDigest).indexOf(task) + 1 : undefined,
        attempts: task.attempts.map(({ report: _, ...attempt }) => attempt as never),
      }))
      .sort(byText),
    agents: model.agents.map(({ hello, sessionId, connection, status, mark, breaker }) => {
      const held = model.tasks.flatMap(({ taskId, state, attempts }) => {
        const attempt = attempts.at(-1);
        return (state === 'leased' || state === 'running') && attempt?.agentId === hello.agentId ? [{ taskId, token: attempt.token }] : [];
      });
      const leases = held.sort((a, b) => (a.token < b.token ? -1 : 1)).map(({ taskId }) => taskId);
      return { agentId: hello.agentId, sessionId, connection, status: status as never, mark, breaker, leases };
    }),
    running: model.jobs.filter((job) => job.taskIds.some((taskId) => !ENDED.has(model.viewOf(job, taskId)))).map(({ jobId }) => jobId),
    following: model.jobs
      .filter(({ followsUntil }) => followsUntil !== null && followsUntil > now)
      .sort((a, b) => (a.followsUntil ?? 0) - (b.followsUntil ?? 0) || (a.jobId < b.jobId ? -1 : 1))
      .map(({ jobId }) => jobId),
    queues: digests
      .map((requirementDigest) => {
        const pending = model.queue(requirementDigest);
        const oldestEnqueuedAt = Math.min(...pending.map(({ enqueuedAt }) => enqueuedAt ?? 0));
        return { requirementDigest, pending: pending.length, oldestEnqueuedAt };
      })
      .sort(byText),
    due: [...model.due(now + ALL_DUE_MS)].sort(byText),
    benchmarks: model.tasks
      .filter(({ origin }) => origin.spec.kind === 'benchmark')
      .map(({ taskId }) => taskId)
      .sort(),
  };
}

function endingOf(counts: typeof NONE) {
  if (counts.waiting + counts.pending + counts.leased + counts.running > 0) return 'running';
  return (['cancelled', 'exception', 'failed'] as const).find((state) => counts[state] > 0) ?? 'completed';
}
