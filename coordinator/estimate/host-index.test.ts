import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Requirement } from '../../domain/requirement.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import type { AgentRecord } from '../store/task-store.ts';
import { HostIndex, type Judged } from './host-index.ts';

const ON = (model: string): Requirement => ({
  kind: 'benchmark',
  ep: 'CPUExecutionProvider',
  deviceClass: 'cpu',
  deviceModel: model,
  toolchains: [],
  capabilities: [],
  labels: {},
  minMemoryBytes: 0,
  exclusivity: 'exclusive',
});
const MODELS = ['one', 'two'];

const matches = (requirement: Requirement, _digest: string, { profile }: Judged): boolean => requirement.deviceModel === profile.model;

/** What an index answers, without the objects it answers with. */
function answers(index: HostIndex) {
  const candidates = MODELS.map((model) =>
    index
      .candidates(ON(model), model)
      .list.map(({ host, device }) => `${host.hostId} ${device.name} ${host.leases.map(({ taskId }) => taskId).join(' ')}`),
  );
  return { candidates, models: [...index.models()] };
}

const START: readonly AgentRecord[] = Array.from({ length: 4 }, (_, index) =>
  agentOf(`lab-${index}`, [deviceOf(`lab-${index}/cpu0`, { model: MODELS[index % 2] ?? '' })], {
    // The first two share a host.
    host: hostOf(`host-${Math.max(1, index)}`),
  }),
);

type Change = (agents: readonly AgentRecord[]) => readonly AgentRecord[];

const patch =
  (index: number, change: Partial<AgentRecord>): Change =>
  (agents) =>
    agents.map((agent, at) => (at === index ? { ...agent, ...change } : agent));

const anAgent = fc.nat({ max: START.length - 1 });
const changes: fc.Arbitrary<Change> = fc.oneof(
  anAgent.map((index) => patch(index, { lastSeenAt: 1 })),
  fc
    .tuple(anAgent, fc.array(fc.constantFrom('t-1', 't-2'), { maxLength: 2 }))
    .map(([index, taskIds]) => patch(index, { leases: taskIds.map((taskId) => ({ taskId, attempt: 1, deviceName: 'd' })) })),
  fc.tuple(anAgent, fc.constantFrom('connected', 'offline')).map(([index, connection]) => patch(index, { connection })),
  fc
    .tuple(anAgent, fc.constantFrom(...MODELS))
    .map(([index, model]) => patch(index, { devices: [deviceOf(`lab-${index}/cpu0`, { model })], profileDigests: {} })),
  fc.tuple(anAgent, fc.nat({ max: 3 })).map(([index, host]) => patch(index, { host: hostOf(`host-${host}`) })),
  fc.constant<Change>((agents) => agents.slice(1)),
);

it('answers for a fleet it has followed as one made anew', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 12 }), (all) => {
      let agents = START;
      let index = HostIndex.of(agents, matches);
      for (const change of all) {
        answers(index);
        agents = change(agents);
        index = HostIndex.of(agents, matches, index);
        expect(answers(index)).toEqual(answers(HostIndex.of(agents, matches)));
      }
    }),
  );
});

it('is the same one while only leases and heartbeats change', () => {
  const index = HostIndex.of(START, matches);
  const busy = patch(2, { lastSeenAt: 7, leases: [] })(START);
  expect(HostIndex.of(busy, matches, index)).toBe(index);
  expect(HostIndex.of(patch(2, { connection: 'offline' })(busy), matches, index)).not.toBe(index);
});
