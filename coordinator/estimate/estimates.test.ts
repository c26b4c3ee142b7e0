import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { DEFAULT_POLICY, type SchedulingPolicy } from '../../domain/policy.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { DEFAULT_RETRY } from '../../domain/retry.ts';
import type { TaskSpec } from '../../domain/task.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { benchmarkSpecOf } from '../../test/farm/jobs.ts';
import type { AgentRecord, NewTask, QueueSummary, TaskRecord } from '../store/task-store.ts';
import { Estimates } from './estimates.ts';

const CONVERT: TaskSpec = {
  kind: 'convert',
  conversionKey: 'e'.repeat(64),
  recipe: { recipeId: 'r', digest: 'a'.repeat(64), text: '{}' },
  source: { schemaVersion: 1, files: {}, data: {} },
  task: null,
  strict: false,
};

const BASE = { ep: 'CPUExecutionProvider', deviceClass: 'cpu', labels: {}, minMemoryBytes: 0 } as const;

function task(taskId: string, spec: TaskSpec, change: { readonly unit?: string; readonly needs?: readonly string[] } = {}): NewTask {
  const exclusivity = spec.kind === 'benchmark' ? 'exclusive' : 'shared';
  const unit = change.unit === undefined ? {} : { unit: change.unit };
  const requirementDigest = `${spec.kind} ${change.unit ?? ''}`;
  const requirement: Requirement = { ...BASE, toolchains: [], capabilities: [], kind: spec.kind, exclusivity, ...unit };
  return { taskId, spec, requirement, requirementDigest, needs: change.needs ?? [], retry: DEFAULT_RETRY };
}

const benchmark = (taskId: string, change: { readonly unit?: string; readonly needs?: readonly string[] } = {}) =>
  task(taskId, benchmarkSpecOf({ conversionKey: 'e'.repeat(64) }), change);

function queue({ requirement, requirementDigest }: NewTask, pending: number, priority: 'urgent' | 'interactive' | 'sweep'): QueueSummary {
  const pendingBy = { urgent: 0, interactive: 0, sweep: 0, [priority]: pending };
  return { requirementDigest, requirement, pending, pendingBy, oldestEnqueuedAt: 0 };
}

function running(from: NewTask, deviceName: string, acceptedAt: number): TaskRecord {
  const attempts = [{ attempt: 1, deviceName, leasedAt: acceptedAt, acceptedAt }];
  return { ...from, state: 'running', priority: 'interactive', attempts, enqueuedAt: 0 } as unknown as TaskRecord;
}

interface Situation {
  readonly agents: readonly AgentRecord[];
  readonly queues?: readonly QueueSummary[];
  readonly tasks?: readonly TaskRecord[];
  readonly position?: number;
  readonly policy?: SchedulingPolicy;
  readonly leases?: Readonly<Record<string, number>>;
  /** By kind. */
  readonly durations: Readonly<Record<string, number>>;
}

function estimatesOf({ agents, queues = [], tasks = [], position, durations, policy = DEFAULT_POLICY, leases = {} }: Situation): Estimates {
  return new Estimates({
    store: {
      agents: async () => agents,
      queues: async () => queues,
      task: async (taskId) => tasks.find((one) => one.taskId === taskId),
      position: async () => position,
      policy: async () => policy,
      leaseCounts: async () => leases,
    },
    durations: {
      ready: async () => {},
      of: (keys) => durations[keys.at(-1)?.split(' ')[0] ?? ''],
    },
    clock: new VirtualClock(),
    sharedLeasesPerHost: 2,
  });
}

const lab = (name: string, change: Partial<AgentRecord> = {}) => agentOf(name, [deviceOf(`${name}/cpu0`)], change);
const plan = (estimates: Estimates, tasks: readonly NewTask[]) => estimates.ofPlan(tasks, { priority: 'interactive', done: new Set() });

describe('the estimate of a plan', () => {
  it('starts at once on an idle device and ends when it has taken as long as such tasks do', async () => {
    const { tasks, endMs } = await plan(estimatesOf({ agents: [lab('a')], durations: { benchmark: 60 } }), [benchmark('1')]);
    expect([...tasks.values()]).toEqual([{ startMs: 0, endMs: 60, unknown: '', position: 1 }]);
    expect(endMs).toBe(60);
  });

  it('knows the start on an idle device although nothing was measured, and says why the end is unknown', async () => {
    const { tasks, endMs, unknown } = await plan(estimatesOf({ agents: [lab('a')], durations: {} }), [benchmark('1')]);
    expect(tasks.get('1')).toMatchObject({ startMs: 0, endMs: null, unknown: 'nothing like its kind has been measured on Test CPU yet' });
    expect([endMs, unknown]).toEqual([null, 'nothing like its kind has been measured on Test CPU yet']);
  });

  it('is exact for a single host: what runs, what waits in every queue, and what is planned before', async () => {
    const counts = fc.integer({ min: 0, max: 50 });
    const ms = fc.integer({ min: 1, max: 10_000 });
    await fc.assert(
      fc.asyncProperty(counts, counts, counts, ms, async (own, other, sweeps, benchmarkMs) => {
        const busy = { leases: [{ taskId: 'now', attempt: 1, deviceName: 'a/cpu0' }] };
        const situation = {
          agents: [lab('a', busy)],
          queues: [
            queue(benchmark(''), own, 'interactive'),
            queue(benchmark('', { unit: 'a/cpu0' }), other, 'urgent'),
            queue(benchmark('', { unit: 'b/cpu0' }), other, 'urgent'),
            queue(task('', CONVERT), sweeps, 'sweep'),
          ],
          tasks: [running(benchmark('now'), 'a/cpu0', new VirtualClock().now())],
          durations: { benchmark: benchmarkMs, convert: 7 },
        };
        const { tasks, endMs } = await plan(estimatesOf(situation), [benchmark('1'), benchmark('2')]);
        const startMs = (1 + own + other) * benchmarkMs;
        expect(tasks.get('1')).toEqual({ startMs, endMs: startMs + benchmarkMs, unknown: '', position: own + 1 });
        expect(tasks.get('2')).toMatchObject({ startMs: startMs + benchmarkMs, position: own + 2 });
        expect(endMs).toBe(startMs + 2 * benchmarkMs);
      }),
      { numRuns: 50 },
    );
  });

  it('never starts a task earlier for more that waits before it', async () => {
    const counts = fc.record({ own: fc.nat(200), other: fc.nat(200), converts: fc.nat(200) });
    const start = async (hosts: number, { own, other, converts }: { own: number; other: number; converts: number }) => {
      const agents = Array.from({ length: hosts }, (_, index) => lab(`h${index}`));
      const queues = [
        queue(benchmark(''), own, 'interactive'),
        queue(benchmark('', { unit: 'h0/cpu0' }), other, 'urgent'),
        queue(task('', CONVERT), converts, 'urgent'),
      ];
      const { tasks } = await plan(estimatesOf({ agents, queues, durations: { benchmark: 100, convert: 30 } }), [benchmark('1')]);
      return tasks.get('1')?.startMs ?? Number.NaN;
    };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 90 }), counts, counts, async (hosts, some, more) => {
        const first = await start(hosts, some);
        const all = { own: some.own + more.own, other: some.other + more.other, converts: some.converts + more.converts };
        expect(first).toBeGreaterThanOrEqual(0);
        expect(await start(hosts, all)).toBeGreaterThanOrEqual(first);
      }),
      { numRuns: 50 },
    );
  });

  it('begins a benchmark when its conversion has ended', async () => {
    const estimates = estimatesOf({ agents: [lab('a')], durations: { benchmark: 100, convert: 40 } });
    const { tasks, endMs } = await plan(estimates, [task('c-1', CONVERT), benchmark('1', { needs: ['c-1'] })]);
    expect(tasks.get('1')).toEqual({ startMs: 40, endMs: 140, unknown: '', position: null });
    expect(endMs).toBe(140);
  });

  it('adds the conversion that no task stands for while the source is not resolved', async () => {
    const resolve: TaskSpec = { kind: 'resolve', modelId: 'm', revision: null, recipe: CONVERT.recipe, localData: {}, localFiles: {} };
    const tasks = [task('r', resolve), task('1', benchmarkSpecOf(), { needs: ['r'] })];
    const durations = { benchmark: 100, convert: 40, resolve: 5 };
    expect((await plan(estimatesOf({ agents: [lab('a')], durations }), tasks)).endMs).toBe(145);
    const blind = await plan(estimatesOf({ agents: [lab('a')], durations: { benchmark: 100, resolve: 5 } }), tasks);
    expect(blind).toMatchObject({ endMs: null, unknown: 'what it needs: no such conversion has been measured yet' });
  });

  it('is unknown when no device that fits takes work', async () => {
    const agents = [lab('a', { connection: 'offline' }), lab('b', { status: { state: 'draining', why: '' } })];
    const { tasks } = await plan(estimatesOf({ agents, durations: { benchmark: 1 } }), [benchmark('1')]);
    expect(tasks.get('1')).toMatchObject({ startMs: null, unknown: 'no device that fits is connected and ready' });
  });

  it('estimates the first tasks of a sweep one by one and the rest by queue', async () => {
    const sweep = Array.from({ length: 5_000 }, (_, index) => benchmark(`${index}`));
    const { tasks, endMs } = await plan(estimatesOf({ agents: [lab('a')], durations: { benchmark: 10 } }), sweep);
    expect([tasks.size, endMs]).toEqual([200, 50_010]);
  });
});

describe('the estimate of a stored task', () => {
  const stored = (change: Partial<TaskRecord>): TaskRecord =>
    ({ ...benchmark('1'), state: 'pending', priority: 'interactive', enqueuedAt: 5, attempts: [], ...change }) as TaskRecord;
  const of = async (situation: Situation, record: TaskRecord) => (await estimatesOf(situation).open()).of(record);

  it('counts the tasks before it, and of other queues those of its class that came earlier', async () => {
    const late = { ...queue(benchmark('', { unit: 'a/cpu0' }), 9, 'interactive'), oldestEnqueuedAt: 6 };
    const situation = { agents: [lab('a')], position: 4, durations: { benchmark: 10 } };
    expect(await of({ ...situation, queues: [late] }, stored({}))).toMatchObject({ startMs: 30 });
    expect(await of({ ...situation, queues: [{ ...late, oldestEnqueuedAt: 4 }] }, stored({}))).toMatchObject({ startMs: 120 });
  });

  it('takes off what a running task has run, and is over at once when it runs longer than others did', async () => {
    const now = new VirtualClock().now();
    const situation = { agents: [lab('a')], durations: { benchmark: 1_000 } };
    expect(await of(situation, running(benchmark('1'), 'a/cpu0', now - 400))).toEqual({ startMs: 0, endMs: 600, unknown: '' });
    expect(await of(situation, running(benchmark('1'), 'a/cpu0', now - 4_000))).toEqual({ startMs: 0, endMs: 0, unknown: '' });
  });

  it('begins when what it needs has ended', async () => {
    const conversion = { ...running(task('c-1', CONVERT), 'a/cpu0', new VirtualClock().now()), needs: [] };
    const waiting = stored({ state: 'waiting', needs: ['c-1'] });
    const situation = { agents: [lab('a')], tasks: [conversion], durations: { benchmark: 10, convert: 50 } };
    expect(await of(situation, waiting)).toEqual({ startMs: 50, endMs: 60, unknown: '' });
    const blind = await of({ ...situation, durations: { benchmark: 10 } }, waiting);
    expect(blind).toMatchObject({ startMs: null, unknown: 'what it needs: nothing like its kind has been measured on Test CPU yet' });
  });

  it('is unknown while quotas keep every device that fits from it, and tells which quota', async () => {
    const inPool = (name: string, pool: string) => agentOf(name, [deviceOf(`${name}/cpu0`, { labels: { pool } })]);
    const policy = { ...DEFAULT_POLICY, quotas: { ...DEFAULT_POLICY.quotas, pools: { npu: { total: 2 } } } };
    const situation = { agents: [inPool('a', 'npu'), inPool('b', 'npu')], durations: { benchmark: 10 }, policy, leases: { 'p npu': 2 } };
    const held = { startMs: null, endMs: null, unknown: 'quota: 2 of 2 leases in pool npu' };
    expect(await of(situation, stored({ submitter: 'ann' }))).toEqual(held);
    const free = { ...situation, agents: [...situation.agents, inPool('c', 'cpu')] };
    expect(await of(free, stored({ submitter: 'ann' }))).toMatchObject({ startMs: 0 });
    const both = agentOf(
      'd',
      ['npu', 'cpu'].map((pool) => deviceOf(`d/${pool}0`, { labels: { pool } })),
    );
    expect(await of({ ...situation, agents: [both] }, stored({ submitter: 'ann' }))).toMatchObject({ startMs: 0 });
    const running1 = running(benchmark('1'), 'a/cpu0', new VirtualClock().now());
    expect(await of(situation, running1)).toEqual({ startMs: 0, endMs: 10, unknown: '' });
  });

  it('is made of the first fifty of many', async () => {
    const records = Array.from({ length: 60 }, (_, index) => stored({ taskId: `t-${index}` }));
    const estimates = estimatesOf({ agents: [lab('a')], position: 1, durations: { benchmark: 10 } });
    expect([...(await estimates.ofTasks(records)).keys()]).toEqual(records.slice(0, 50).map(({ taskId }) => taskId));
  });
});
