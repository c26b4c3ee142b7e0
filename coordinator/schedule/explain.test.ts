import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Requirement } from '../../domain/requirement.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { benchmarkSpecOf } from '../../test/farm/jobs.ts';
import type { AgentRecord, JobRecord, TaskPage, TaskRecord } from '../store/task-store.ts';
import { explainJob } from './explain.ts';

const REQUIREMENT: Requirement = {
  kind: 'benchmark',
  ep: 'CPUExecutionProvider',
  deviceClass: 'cpu',
  toolchains: [],
  capabilities: [],
  labels: {},
  minMemoryBytes: 0,
  exclusivity: 'exclusive',
};

const ESTIMATE = { startMs: 7, endMs: 9, unknown: '' };
const estimates = { open: async () => ({ of: async () => ESTIMATE }) };

const COUNTS = { running: 0, leased: 0, pending: 1, waiting: 0 };

function explain(agents: readonly AgentRecord[], requirement: Partial<Requirement> = {}, change: Partial<TaskRecord> = {}) {
  const task = {
    taskId: 't-1',
    spec: benchmarkSpecOf(),
    requirement: { ...REQUIREMENT, ...requirement },
    state: 'pending',
    needs: ['c-1'],
    ...change,
  } as unknown as TaskRecord;
  const conversion = { taskId: 'c-1', state: 'running' } as unknown as TaskRecord;
  const store = {
    job: async (jobId: string) => (jobId === 'j-1' ? ({ jobId, counts: COUNTS, spec: {} } as unknown as JobRecord) : undefined),
    tasksOf: async () => [task],
    task: async (taskId: string) => (taskId === 'c-1' ? conversion : undefined),
    agents: async () => agents,
    position: async () => 3,
    policy: async () => DEFAULT_POLICY,
    leaseCounts: async () => ({}),
  };
  return explainJob({ store, estimates }, 'j-1').then(({ tasks }) => tasks[0]);
}

describe('explaining why a task waits', () => {
  it('tells its place, its needs, and what each matching device does', async () => {
    const explained = await explain([
      agentOf('idle', [deviceOf('idle/cpu0')]),
      agentOf('busy', [deviceOf('busy/cpu0')], { leases: [{ taskId: 't-9', attempt: 1, deviceName: 'busy/cpu0' }] }),
      agentOf('gone', [deviceOf('gone/cpu0')], { connection: 'offline' }),
      agentOf('full', [deviceOf('full/cpu0')], { status: { state: 'not-ready', why: 'low disk' } }),
    ]);
    expect(explained).toMatchObject({
      position: 3,
      estimate: ESTIMATE,
      matchingCount: 4,
      refusedCount: 0,
      needs: [{ taskId: 'c-1', state: 'running' }],
    });
    expect(explained?.matching).toEqual([
      { deviceName: 'idle/cpu0', status: 'idle', why: '' },
      { deviceName: 'busy/cpu0', status: 'busy', why: 'its host runs t-9' },
      { deviceName: 'gone/cpu0', status: 'offline', why: 'agent gone is not connected' },
      { deviceName: 'full/cpu0', status: 'not-ready', why: 'low disk' },
    ]);
  });

  it('says which host a task leaves to others after it failed there, and until when', async () => {
    const agents = [agentOf('lab', [deviceOf('lab/cpu0')]), agentOf('other', [deviceOf('other/cpu0')])];
    const error = new GroveError('child-crashed', { stage: 'measure', how: 'signal SIGSEGV' }).toReport();
    const avoid = { hostId: agents[0]?.host.hostId ?? '', until: 1_000_000 };
    expect((await explain(agents, {}, { error, avoid }))?.matching).toEqual([
      { deviceName: 'other/cpu0', status: 'idle', why: '' },
      {
        deviceName: 'lab/cpu0',
        status: 'avoided',
        why: 'the last attempt there ended as child-crashed; other hosts go first until 1970-01-01T00:16:40.000Z',
      },
    ]);
  });

  it('gives one line per checker for each device that cannot take it', async () => {
    const agents = [agentOf('lab', [deviceOf('lab/cpu0'), deviceOf('lab/gpu0', { class: 'gpu', eps: [] })])];
    const explained = await explain(agents, { unit: 'lab/cpu1', labels: { pool: 'night' } });
    expect(explained?.refused).toEqual([
      { deviceName: 'lab/cpu0', lines: ['has label pool=(none), not night', 'is not lab/cpu1'] },
      {
        deviceName: 'lab/gpu0',
        lines: [
          'is a gpu, not a cpu',
          'does not offer CPUExecutionProvider (offers none)',
          'has label pool=(none), not night',
          'is not lab/cpu1',
        ],
      },
    ]);
  });

  it('explains the first tasks of a sweep and counts the rest', async () => {
    const asked: unknown[] = [];
    const task = { taskId: 't-1', spec: benchmarkSpecOf(), requirement: REQUIREMENT, state: 'pending', needs: [] } as unknown as TaskRecord;
    const store = {
      job: async () => ({ counts: { ...COUNTS, pending: 4_000, waiting: 900, completed: 99 }, spec: {} }) as unknown as JobRecord,
      tasksOf: async (_jobId: string, page?: TaskPage) => {
        asked.push(page);
        return Array.from({ length: page?.limit ?? 4_900 }, () => task);
      },
      task: async () => undefined,
      agents: async () => [],
      position: async () => 1,
      policy: async () => DEFAULT_POLICY,
      leaseCounts: async () => ({}),
    };
    const { tasks, more } = await explainJob({ store, estimates }, 'j-1');
    expect([tasks.length, more]).toEqual([50, 4_850]);
    expect(asked).toEqual([{ offset: 0, limit: 50, states: ['running', 'leased', 'pending', 'waiting'] }]);
  });

  it('names only the first devices of a large fleet, idle ones before others', async () => {
    const busy = { leases: [{ taskId: 't-9', attempt: 1, deviceName: 'x/cpu0' }] };
    const fleet = Array.from({ length: 60 }, (_, index) => {
      const name = `lab-${index}`;
      return agentOf(name, [deviceOf(`${name}/cpu0`), deviceOf(`${name}/gpu0`, { class: 'gpu' })], index === 59 ? {} : busy);
    });
    const explained = await explain(fleet);
    expect(explained).toMatchObject({ matchingCount: 60, refusedCount: 60 });
    expect([explained?.matching.length, explained?.refused.length]).toEqual([20, 20]);
    expect(explained?.matching[0]).toMatchObject({ deviceName: 'lab-59/cpu0', status: 'idle' });
  });

  it('says when the time of the job is over', async () => {
    const store = {
      job: async () => ({ counts: COUNTS, submittedAt: 1_000, spec: { deadlineMs: 5_000 } }) as unknown as JobRecord,
      tasksOf: async () => [],
      task: async () => undefined,
      agents: async () => [],
      position: async () => undefined,
      policy: async () => DEFAULT_POLICY,
      leaseCounts: async () => ({}),
    };
    expect(await explainJob({ store, estimates }, 'j-1')).toMatchObject({ deadlineAt: 6_000 });
  });

  it('refuses a job that does not exist', async () => {
    const nothing = {
      job: async () => undefined,
      tasksOf: async () => [],
      task: async () => undefined,
      agents: async () => [],
      position: async () => undefined,
      policy: async () => DEFAULT_POLICY,
      leaseCounts: async () => ({}),
    };
    await expect(explainJob({ store: nothing, estimates }, 'j-9')).rejects.toMatchObject({ code: 'not-found' });
  });
});
