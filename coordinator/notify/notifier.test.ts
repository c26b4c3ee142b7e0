import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import type { Notice } from '../../api/notifications.ts';
import type { Matrix } from '../../domain/matrix.ts';
import { systemRandom } from '../../platform/random.ts';
import { newTask } from '../../test/conformance/task-store/documents.ts';
import { Farm } from '../../test/conformance/task-store/farm.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { benchmarked } from '../../test/farm/results.ts';
import { SAMPLE_MATRIX } from '../../test/rest/sample-matrix.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import type { QueueSummary } from '../store/task-store.ts';
import { farmConditions } from './farm-conditions.ts';
import { createNotifier, type NotifierDeps } from './notifier.ts';

const CONFIG: NotifierDeps['config'] = {
  publicUrl: 'http://grove.lab',
  reasons: ['regressed', 'fell-back', 'quarantined', 'no-data', 'oldest-wait'],
  noDataDays: 7,
  oldestWaitMinutes: 60,
};

/** The sample matrix, whose regressed cell nobody has acknowledged. */
const MATRIX: Matrix = {
  ...SAMPLE_MATRIX,
  cells: SAMPLE_MATRIX.cells.map((row) =>
    row.map((cell) => (cell === null ? null : { ...cell, badges: cell.badges.filter((badge) => badge !== 'acknowledged') })),
  ),
};

function setUp(change: Partial<NotifierDeps> = {}) {
  const store = createMemoryTaskStore();
  const farm = new Farm(store);
  const clock = new VirtualClock();
  const sent: Notice[] = [];
  const errors: unknown[] = [];
  const notifier = createNotifier({
    config: CONFIG,
    channels: [{ name: 'a channel', deliver: async (notice) => void sent.push(notice) }],
    store,
    clock,
    random: systemRandom,
    turn: { isMine: async () => true },
    matrix: async () => MATRIX,
    onDelivered: () => {},
    onFailed: () => {},
    onError: (error) => errors.push(error),
    ...change,
  });
  /** Ends job1, whose task the sample's cells name. */
  const endJob = async () => {
    await farm.submit([newTask('job1-0')]);
    await farm.hello('lab');
    await farm.complete(await farm.run('lab'), benchmarked());
    await settle();
  };
  return { farm, clock, sent, errors, notifier, endJob };
}

describe('a job that ended', () => {
  it('is told of once, with what regressed and what fell back', async () => {
    const { sent, endJob } = setUp();
    await endJob();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ kind: 'job', items: [{ reason: 'regressed' }, { reason: 'fell-back' }], more: 0 });
    expect(sent[0]?.subject).toMatch(/^job \S+: 1 regressed, 1 fell-back$/);
    expect(sent[0]?.items[0]?.url).toBe('http://grove.lab/cells/0000000000000001');
    expect(sent[0]?.id).toBe(`job:${sent[0]?.jobId}`);
  });

  it('is not told of when nothing is wrong, when nobody asked for that, or when another coordinator tells', async () => {
    const calm = {
      ...MATRIX,
      cells: MATRIX.cells.map((row) => row.map((cell) => (cell === null ? null : { ...cell, state: 'ok' as const }))),
    };
    const others = [
      { matrix: async () => calm },
      { config: { ...CONFIG, reasons: ['quarantined' as const] } },
      { turn: { isMine: async () => false } },
    ];
    for (const change of others) {
      const { sent, endJob } = setUp(change);
      await endJob();
      expect(sent).toEqual([]);
    }
  });

  it('is told of later when it could not be looked at', async () => {
    let fails = true;
    const { sent, errors, clock, endJob } = setUp({
      matrix: async () => {
        if (fails) throw new Error('the store is away');
        return MATRIX;
      },
    });
    await endJob();
    expect([sent.length, errors.length]).toEqual([0, 1]);
    fails = false;
    await clock.advance(60_000);
    expect(sent.map(({ kind }) => kind)).toContain('job');
  });
});

describe('the farm', () => {
  const quarantined = agentOf('lab-3', [], {
    mark: { kind: 'quarantined', by: 'grove', reason: '3 attempts failed', fix: 'look at its log', since: 5, until: null },
  });
  const now = SAMPLE_MATRIX.generatedAt;
  const queue = (minutes: number): QueueSummary => ({
    requirementDigest: 'd',
    requirement: newTask('x').requirement,
    pending: 2,
    pendingBy: { urgent: 0, interactive: 2, sweep: 0 },
    oldestEnqueuedAt: now - minutes * 60_000,
  });

  it('has conditions by name: who is quarantined, what waits, what is not measured any more', () => {
    const conditions = farmConditions(
      { agents: [quarantined, agentOf('lab-4', [])], queues: [queue(61)], matrix: MATRIX, now },
      { ...CONFIG, noDataDays: 0.5 },
    );
    const reasons = [...conditions.values()].map(({ reason }) => reason);
    expect(reasons.slice(0, 2)).toEqual(['quarantined', 'oldest-wait']);
    expect(new Set(reasons.slice(2))).toEqual(new Set(['no-data']));
    expect(farmConditions({ agents: [], queues: [queue(59)], matrix: MATRIX, now }, { ...CONFIG, noDataDays: 3_000 }).size).toBe(0);
  });

  it('is told of when something begins to be wrong, and not again while it goes on', async () => {
    const agents = [agentOf('lab-4', [])];
    const store = { subscribe: () => () => {}, tasksOf: async () => [], queues: async () => [], agents: async () => agents };
    const { sent, clock } = setUp({ store });
    await clock.advance(120_000);
    expect(sent).toEqual([]);
    agents.push(quarantined);
    await clock.advance(300_000);
    expect(sent).toMatchObject([{ kind: 'farm', subject: 'farm: 1 quarantined', items: [{ name: 'lab-3' }] }]);
    agents.pop();
    await clock.advance(60_000);
    agents.push({ ...quarantined });
    await clock.advance(60_000);
    expect(sent).toHaveLength(2);
  });

  it('is not looked at any more once it is stopped', async () => {
    const { sent, clock, notifier } = setUp({ matrix: async () => MATRIX });
    await notifier.stop();
    await clock.advance(600_000);
    expect(sent).toEqual([]);
  });
});
