import { describe, expect, it } from 'vitest';
import { environmentId } from '../../domain/device.ts';
import { type ErrorCode, GroveError } from '../../domain/errors.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { parseSelector } from '../../domain/selector/parse.ts';
import type { Pin, Suite } from '../../domain/suite.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import type { AgentRecord } from '../store/task-store.ts';
import { createPinnedSuites } from './pinned-suites.ts';
import type { SubmitForSuite } from './run-suite.ts';

const SUBMIT = { on: 'each-device-model', where: [], set: [] } as const;
const SUITE: Suite = {
  name: 'nightly',
  schema: 1,
  title: 'Nightly',
  summary: '',
  submits: [
    { ...SUBMIT, where: [], set: [], recipes: ['m/a.json', 'm/npu.json'], tier: 'standard' },
    { ...SUBMIT, where: [], set: [], recipes: ['m/a.json'], tier: 'ranked' },
  ],
};

const pinOf = (change: Partial<Pin> = {}): Pin => ({ suite: 'nightly', units: null, where: [], by: 'local', since: 1, ...change });
const lab = (name: string, driver: string | null = null, change: Partial<AgentRecord> = {}) =>
  agentOf(name, [deviceOf(`${name}/cpu0`, { driver, labels: { pool: 'night' } })], change);

type Standing = 'ok' | 'stale' | 'failed' | 'running';

/** One cell per recipe, tier and device. */
function matrixOf(cells: readonly (readonly [string, string, string, Standing])[]): Matrix {
  const rows = cells.map(([recipeId]) => ({ recipeId }));
  const made = cells.map(([recipeId, tier, unit, standing]) => {
    const state = standing === 'stale' ? 'ok' : standing;
    return [{ id: `${recipeId} ${tier}`, key: { tier }, unitStates: [{ unit, state, badges: standing === 'stale' ? ['stale'] : [] }] }];
  });
  return { rows, columns: [], cells: made } as unknown as Matrix;
}

interface World {
  pins: readonly Pin[];
  agents: readonly AgentRecord[];
  matrix: Matrix;
  /** Of the cell of `m/a.json` in tier `standard`, newest first. */
  results?: readonly PastResult[];
}

/** A coordinator of a farm whose jobs are those of `jobs`. */
function coordinatorOn(world: World, jobs: Map<string, string>, refuse?: ErrorCode) {
  const submitted: Parameters<SubmitForSuite>[] = [];
  const errors: unknown[] = [];
  let matrixReads = 0;
  const submit: SubmitForSuite = async (...call) => {
    const [, { idempotencyKey }] = call;
    if (refuse !== undefined) throw new GroveError(refuse as 'store-unavailable', { problem: 'refused by the test' });
    const created = !jobs.has(idempotencyKey);
    if (created) submitted.push(call);
    jobs.set(idempotencyKey, jobs.get(idempotencyKey) ?? `j-${jobs.size}`);
    return { jobId: jobs.get(idempotencyKey) ?? '', created, plan: undefined as never };
  };
  const look = createPinnedSuites({
    suites: [SUITE],
    pins: async () => world.pins,
    agents: async () => world.agents,
    matrix: async () => {
      matrixReads += 1;
      return world.matrix;
    },
    history: async (cellId) => (cellId === 'm/a.json standard' ? world.results : []),
    findDevices: async () => (recipeId) =>
      recipeId === 'm/npu.json' ? [] : world.agents.flatMap(({ devices }) => devices.map(({ name }) => name)),
    submit,
    environmentOf: ({ host }, { profile }) => environmentId(profile, host, sha256),
    sha256,
    onTriggered: () => {},
    onError: (_what, error) => errors.push(error),
  });
  return { look, submitted, errors, matrixReads: () => matrixReads };
}

const EVERYTHING_CURRENT = matrixOf([
  ['m/a.json', 'standard', 'a/cpu0', 'ok'],
  ['m/a.json', 'ranked', 'a/cpu0', 'ok'],
]);

describe('a pinned suite', () => {
  it('runs on a device whose last results are of another environment, at low priority and with its reason', async () => {
    const matrix = matrixOf([
      ['m/a.json', 'standard', 'a/cpu0', 'stale'],
      ['m/a.json', 'ranked', 'a/cpu0', 'ok'],
    ]);
    const { look, submitted } = coordinatorOn({ pins: [pinOf()], agents: [lab('a')], matrix }, new Map());
    await look();
    expect(submitted.map(([request]) => request)).toEqual([
      { recipes: [{ catalogueId: 'm/a.json' }], on: { units: ['a/cpu0'] }, tier: 'standard', priority: 'sweep' },
      { recipes: [{ catalogueId: 'm/a.json' }], on: { units: ['a/cpu0'] }, tier: 'ranked', priority: 'sweep' },
    ]);
    const [[, context, origin] = expect.unreachable()] = submitted;
    expect(context.principal).toEqual({ kind: 'system', name: 'coordinator' });
    expect(origin.cause).toEqual({ kind: 'environment', reason: 'suite nightly: environment of a/cpu0 changed' });
  });

  it('leaves a device alone whose results are current, or on their way', async () => {
    const running = matrixOf([
      ['m/a.json', 'standard', 'a/cpu0', 'running'],
      ['m/a.json', 'ranked', 'a/cpu0', 'ok'],
    ]);
    for (const matrix of [EVERYTHING_CURRENT, running]) {
      const { look, submitted } = coordinatorOn({ pins: [pinOf()], agents: [lab('a')], matrix }, new Map());
      await look();
      expect(submitted).toEqual([]);
    }
  });

  it('runs where there is no number, and says so', async () => {
    const failed = matrixOf([
      ['m/a.json', 'standard', 'a/cpu0', 'failed'],
      ['m/a.json', 'standard', 'b/cpu0', 'ok'],
    ]);
    const { look, submitted } = coordinatorOn({ pins: [pinOf()], agents: [lab('a')], matrix: failed }, new Map());
    await look();
    expect(submitted[0]?.[2].cause.reason).toBe('suite nightly: a/cpu0 has no result of it in its environment');
  });

  it('never makes two jobs of one environment: after a restart, on another coordinator, when an environment comes back before another was measured', async () => {
    const jobs = new Map<string, string>();
    const world: World = { pins: [pinOf()], agents: [lab('a', '1.0')], matrix: matrixOf([]) };
    const [one, other] = [coordinatorOn(world, jobs), coordinatorOn(world, jobs)];
    await Promise.all([one.look(), other.look(), one.look()]);
    expect(jobs.size).toBe(2);
    world.agents = [lab('a', '1.1')];
    await Promise.all([one.look(), other.look()]);
    expect(jobs.size).toBe(4);
    world.agents = [lab('a', '1.0')];
    await Promise.all([one.look(), coordinatorOn(world, jobs).look()]);
    expect(jobs.size).toBe(4);
  });

  it('runs again when an environment comes back after another was measured, once each time', async () => {
    const jobs = new Map<string, string>();
    const result = (taskId: string, at: number, driver: string) => {
      const agent = lab('a', driver);
      const [{ profile, name } = expect.unreachable()] = agent.devices;
      return { taskId, at, unit: name, environmentId: environmentId(profile, agent.host, sha256) } as unknown as PastResult;
    };
    const stale = matrixOf([
      ['m/a.json', 'standard', 'a/cpu0', 'stale'],
      ['m/a.json', 'ranked', 'a/cpu0', 'ok'],
    ]);
    const world: World = { pins: [pinOf()], agents: [lab('a', '1.1')], matrix: stale, results: [result('t-1', 1, '1.0')] };
    const coordinators = [coordinatorOn(world, jobs), coordinatorOn(world, jobs)];
    const lookedAt = async () => {
      for (const { look } of [...coordinators, coordinatorOn(world, jobs)]) await look();
      return jobs.size;
    };
    expect(await lookedAt()).toBe(2);
    const changes: readonly (readonly [string, PastResult])[] = [
      ['1.0', result('t-2', 2, '1.1')],
      ['1.1', result('t-3', 3, '1.0')],
      ['1.0', result('t-4', 4, '1.1')],
    ];
    for (const [index, [driver, newest]] of changes.entries()) {
      world.agents = [lab('a', driver)];
      world.results = [newest, ...(world.results ?? [])];
      expect(await lookedAt()).toBe(4 + 2 * index);
      // What the run brings makes no other one, whatever of the suite is still missing.
      world.results = [result(`own-${index}`, newest.at + 0.5, driver), ...world.results];
      expect(await lookedAt()).toBe(4 + 2 * index);
    }
  });

  it('looks at the matrix only for what it has not decided', async () => {
    const world = { pins: [pinOf()], agents: [lab('a')], matrix: EVERYTHING_CURRENT };
    const { look, matrixReads } = coordinatorOn(world, new Map());
    await look();
    await look();
    expect(matrixReads()).toBe(1);
  });

  it.each<[string, Partial<Pin>, readonly string[]]>([
    ['named ones', { units: ['b/cpu0'] }, ['b/cpu0']],
    ['those that fit its conditions', { where: parseSelector('driver>=2') }, ['b/cpu0']],
    ['all', {}, ['a/cpu0', 'b/cpu0']],
    ['none that has', { where: parseSelector('pool=day') }, []],
  ])('means of the connected devices %s', async (_what, change, expected) => {
    const agents = [lab('a', '1'), lab('b', '2'), lab('gone', '2', { connection: 'offline' })];
    const { look, submitted } = coordinatorOn({ pins: [pinOf(change)], agents, matrix: matrixOf([]) }, new Map());
    await look();
    const units = submitted.flatMap(([{ on }]) => (typeof on === 'object' ? on.units : []));
    expect([...new Set(units)]).toEqual(expected);
  });

  it('tries again what may pass, and goes on with other devices after what may not', async () => {
    const world = { pins: [pinOf()], agents: [lab('a'), lab('b')], matrix: matrixOf([]) };
    await expect(coordinatorOn(world, new Map(), 'store-unavailable').look()).rejects.toMatchObject({ code: 'store-unavailable' });
    const refused = coordinatorOn(world, new Map(), 'invalid-request');
    await refused.look();
    await refused.look();
    expect(refused.errors).toHaveLength(4);
  });
});
