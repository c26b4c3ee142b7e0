import { describe, expect, it } from 'vitest';
import type { AgentView } from '../../api/agents.ts';
import type { Health } from '../../api/health.ts';
import { agentFindings, healthFindings } from './findings.ts';

const coordinator = { coordinatorId: 'c-1', version: '1', url: 'http://127.0.0.1:1', grpcAddress: '127.0.0.1:2', startedAt: 1, seenAt: 2 };
const redis: Health['store'] = { kind: 'redis', ok: true, detail: '', latencyMs: 1, isDurable: true, evicts: false, clockSkewMs: 3 };
const healthy: Health = {
  status: 'ok',
  version: '1',
  uptimeMs: 1,
  store: redis,
  artifacts: { kind: 's3', ok: true, detail: '' },
  coordinators: [coordinator, { ...coordinator, coordinatorId: 'c-2', url: 'http://127.0.0.1:3' }],
};

const bad = (health: Health) =>
  healthFindings(health)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what }) => `${level}: ${what}`);

describe('a deployment', () => {
  it('that is as it should be has nothing to do', () => {
    expect(bad(healthy)).toEqual([]);
    expect(bad({ ...healthy, store: { kind: 'memory', ok: true, detail: '' }, coordinators: [coordinator] })).toEqual([]);
  });

  const store = (change: Partial<Health['store']>): Health => ({ ...healthy, store: { ...redis, ...change } });
  const cases: readonly (readonly [Health, RegExp])[] = [
    [store({ ok: false, detail: 'Redis cannot be reached' }), /^problem: the task store \(redis\) does not work: Redis cannot be reached/],
    [store({ isDurable: false }), /^problem: Redis keeps no append-only file/],
    [store({ evicts: true }), /^problem: Redis drops data/],
    [store({ latencyMs: 80 }), /^warning: the task store answers in 80 ms/],
    [store({ clockSkewMs: -9_000 }), /^warning: this coordinator's clock is -9000 ms ahead/],
    [
      { ...healthy, artifacts: { kind: 's3', ok: false, detail: 'keys refused' } },
      /^problem: the artifact store \(s3\) does not work: keys refused/,
    ],
    [{ ...healthy, coordinators: [coordinator] }, /^warning: only one coordinator serves/],
    [
      { ...healthy, coordinators: [coordinator, { ...coordinator, version: '2' }] },
      /^warning: coordinators have different versions \(1, 2\)/,
    ],
  ];
  it.each(cases)('tells what is wrong and what to do (%#)', (health, expected) => {
    expect(bad(health)).toEqual([expect.stringMatching(expected)]);
    expect(healthFindings(health).find(({ level }) => level !== 'ok')?.fix).not.toBe('');
  });
});

describe('agents', () => {
  const agent = (agentId: string, state: AgentView['state'], why = ''): AgentView => ({ agentId, state, why }) as AgentView;

  it('that cannot work are named with their reason', () => {
    const found = agentFindings([agent('lab-1', 'idle'), agent('lab-2', 'offline'), agent('lab-3', 'not-ready', 'low disk')]);
    expect(found.map(({ level, what }) => `${level}: ${what}`)).toEqual([
      'ok: 1 of 3 agents can work',
      'warning: agent lab-2 is offline',
      'warning: agent lab-3 is not-ready: low disk',
    ]);
  });

  it('are missed when there are none', () => {
    expect(agentFindings([])).toMatchObject([{ level: 'warning' }]);
  });
});
