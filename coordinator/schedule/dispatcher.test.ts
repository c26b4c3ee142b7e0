import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { profileDigest } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP } from '../../domain/names.ts';
import { type Requirement, requirementDigest } from '../../domain/requirement.ts';
import { DEFAULT_RETRY } from '../../domain/retry.ts';
import type { Assignment, TaskSpec } from '../../domain/task.ts';
import { systemRandom } from '../../platform/random.ts';
import { sha256 } from '../../platform/sha256.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import { benchmarkSpecOf, jobSpecOf } from '../../test/farm/jobs.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import { SHARED_LEASES_PER_HOST } from '../store/order.ts';
import type { AcquireCommand, NewTask, StoreEvent } from '../store/task-store.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';

/** A memory store, a dispatcher and agents that do what they are told. */
class Lab {
  readonly clock = new VirtualClock();
  readonly store = createMemoryTaskStore();
  readonly assigned: { readonly agentId: string; readonly assignment: Assignment }[] = [];
  readonly errors: unknown[] = [];
  acquires = 0;
  readonly dispatcher: Dispatcher;
  #jobs = 0;

  constructor() {
    const { store, clock } = this;
    // As with a journal: commands take effect at once; answers and events come when they are durable.
    const acquire = async (command: AcquireCommand) => {
      this.acquires += 1;
      if (this.readOnly) throw new GroveError('store-unavailable', { problem: 'READONLY' });
      const acquired = await store.acquire(command);
      await settle();
      return acquired;
    };
    const subscribe = (listener: (event: StoreEvent) => void) =>
      store.subscribe((event) => void settle().then(() => (this.deaf ? undefined : listener(event))));
    this.dispatcher = createDispatcher({
      store: { acquire, queues: () => store.queues(), task: (id) => store.task(id), subscribe },
      clock,
      random: systemRandom,
      sharedLeasesPerHost: SHARED_LEASES_PER_HOST,
      onAssigned: () => {},
      onError: (error) => this.errors.push(error),
    });
    this.dispatcher.start();
  }

  /** While true, the store answers queries and refuses to write. */
  readOnly = false;
  /** While true, events are lost. */
  deaf = false;
  /** While true, actions follow each other without letting the dispatcher finish. */
  hurried = false;

  async join(
    agentId: string,
    options: { readonly hostId?: string; readonly model?: string; readonly ready?: boolean } = {},
  ): Promise<void> {
    const { hostId = `host-${agentId}`, model = 'Test CPU', ready = true } = options;
    const devices = [deviceOf(`${agentId}/cpu0`, { model })];
    const profileDigests = Object.fromEntries(devices.map(({ name, profile }) => [name, profileDigest(profile, sha256)]));
    const status = { state: ready ? 'ready' : 'not-ready', why: '' } as const;
    const who = { agentId, instanceId: agentId, agentVersion: '1', coordinatorId: 'c', host: hostOf(hostId), missing: [], heldLeases: [] };
    const { sessionId } = await this.store.hello({ now: this.clock.now(), ...who, devices, profileDigests, status });
    const assign = (assignment: Assignment): boolean => this.assigned.push({ agentId, assignment }) > 0;
    this.dispatcher.attach({ agentId, sessionId, hostId, devices, profileDigests, assign }, ready);
    await this.idle();
  }

  async submit(tasks: readonly NewTask[], submitter = 'local'): Promise<void> {
    this.#jobs += 1;
    const jobId = `job-${this.#jobs}`;
    const principal = { kind: 'local', name: submitter } as const;
    const command = { now: this.clock.now(), principal, jobId, idempotencyKey: jobId, requestDigest: jobId };
    await this.store.submit({ ...command, spec: jobSpecOf(), priority: 'interactive', tasks });
    await this.idle();
  }

  async finish(index: number): Promise<void> {
    const { agentId, assignment } = this.assigned[index]!;
    const command = { now: this.clock.now(), agentId, lease: assignment.lease };
    await this.store.accept(command);
    const error = { code: 'pass-failed', message: 'no', advice: '', fault: 'recipe', retryable: false } as const;
    await this.store.complete({ ...command, outcome: { state: 'failed', error } });
    await this.idle();
  }

  async idle(): Promise<void> {
    if (this.hurried) return;
    for (let turn = 0; turn < 20; turn++) await settle();
  }

  who(): readonly string[] {
    return this.assigned.map(({ agentId }) => agentId);
  }
}

let counter = 0;

function task(kind: 'benchmark' | 'convert', change: Partial<Requirement> = {}): NewTask {
  counter += 1;
  const exclusivity = kind === 'benchmark' ? 'exclusive' : 'shared';
  const sets = { toolchains: [], capabilities: [], labels: {} };
  const requirement: Requirement = { kind, ep: CPU_EP, deviceClass: 'cpu', ...sets, minMemoryBytes: 0, exclusivity, ...change };
  const digest = requirementDigest(requirement, sha256);
  const taskId = `task-${counter}`;
  return { taskId, spec: specOf(kind), requirement, requirementDigest: digest, needs: [], retry: DEFAULT_RETRY };
}

function specOf(kind: 'benchmark' | 'convert'): TaskSpec {
  const recipe = { recipeId: 'r', digest: 'a'.repeat(64), text: '{}' };
  const source = { schemaVersion: 1, files: {}, data: {} } as const;
  if (kind === 'convert') return { kind, conversionKey: 'a'.repeat(64), recipe, source, task: null, strict: false };
  return benchmarkSpecOf({ recipe });
}

describe('the dispatcher', () => {
  it('hands a pending task to an agent that joins, and a new task to an agent that waits', async () => {
    const lab = new Lab();
    await lab.submit([task('benchmark')]);
    await lab.join('a');
    await lab.join('b');
    await lab.submit([task('benchmark')]);
    expect(lab.who()).toEqual(['a', 'b']);
  });

  it('asks one agent of five hundred for one new task', async () => {
    const lab = new Lab();
    for (let i = 0; i < 500; i++) await lab.join(`agent-${i}`);
    const before = lab.acquires;
    await lab.submit([task('benchmark')]);
    expect(lab.assigned).toHaveLength(1);
    expect(lab.acquires - before).toBe(1);
  });

  it('spreads a job of many tasks over as many agents at once', async () => {
    const lab = new Lab();
    for (let i = 0; i < 20; i++) await lab.join(`agent-${i}`);
    await lab.submit(Array.from({ length: 30 }, () => task('benchmark')));
    expect(new Set(lab.who()).size).toBe(20);
    expect(lab.assigned).toHaveLength(20);
    await lab.finish(7);
    expect(lab.who()[20]).toBe('agent-7');
  });

  it('asks few of many equal hosts when a quota has room again, and gets a newcomer served meanwhile', async () => {
    const lab = new Lab();
    for (let i = 0; i < 100; i++) await lab.join(`agent-${i}`);
    const principal = { kind: 'user', name: 'root' } as const;
    await lab.store.setPolicy({ now: 0, principal, policy: { weights: {}, quotas: { perSubmitter: 2, submitters: {}, pools: {} } } });
    await lab.submit(Array.from({ length: 9 }, () => task('benchmark')));
    for (let turn = 0; turn < 20; turn++) await lab.idle();
    expect(lab.assigned).toHaveLength(2);
    const before = lab.acquires;
    await lab.finish(0);
    for (let turn = 0; turn < 20; turn++) await lab.idle();
    expect(lab.assigned).toHaveLength(3);
    expect(lab.acquires - before).toBeLessThan(5);
    await lab.submit([task('benchmark')], 'another');
    expect(lab.assigned).toHaveLength(4);
  });

  it('asks only agents whose device fits', async () => {
    const lab = new Lab();
    await lab.join('small', { model: 'Small' });
    await lab.join('large', { model: 'Large' });
    await lab.submit([task('benchmark', { deviceModel: 'Large' }), task('benchmark', { unit: 'small/cpu0' })]);
    expect([...lab.who()].sort()).toEqual(['large', 'small']);
  });

  it('keeps a host quiet for a benchmark and shares it among conversions', async () => {
    const lab = new Lab();
    await lab.join('a', { hostId: 'one' });
    await lab.join('b', { hostId: 'one' });
    await lab.submit([task('convert'), task('convert'), task('convert')]);
    expect(lab.assigned).toHaveLength(2);
    await lab.submit([task('benchmark')]);
    expect(lab.assigned).toHaveLength(2);
    for (const index of [0, 1]) await lab.finish(index);
    await lab.finish(2);
    expect(lab.assigned).toHaveLength(4);
  });

  it('gives nothing to an agent that is not ready until it is', async () => {
    const lab = new Lab();
    await lab.join('a', { ready: false });
    await lab.submit([task('benchmark')]);
    expect(lab.assigned).toHaveLength(0);
    await lab.store.heartbeat({
      now: lab.clock.now(),
      agentId: 'a',
      sessionId: 1,
      status: { state: 'ready', why: '' },
      deviceStates: {},
      renewals: [],
    });
    lab.dispatcher.setReady('a', true);
    await lab.idle();
    expect(lab.who()).toEqual(['a']);
  });

  it('finds a task whose event was missed', async () => {
    const lab = new Lab();
    await lab.join('a');
    lab.deaf = true;
    await lab.submit([task('benchmark')]);
    lab.deaf = false;
    expect(lab.assigned).toHaveLength(0);
    await lab.clock.advance(5_000);
    await lab.idle();
    expect(lab.who()).toEqual(['a']);
  });

  it('asks once for each waiting queue when a host is taken by a lease that it does not know of', async () => {
    const lab = new Lab();
    await lab.submit([task('convert')]);
    // A lease of an earlier connection, which goes on after a reconnect.
    const devices = [deviceOf('a/cpu0', { model: 'Test CPU' })];
    const profileDigests = Object.fromEntries(devices.map(({ name, profile }) => [name, profileDigest(profile, sha256)]));
    const status = { state: 'ready', why: '' } as const;
    const who = {
      agentId: 'a',
      instanceId: 'a',
      agentVersion: '1',
      coordinatorId: 'c',
      host: hostOf('host-a'),
      missing: [],
      heldLeases: [],
    };
    const { sessionId } = await lab.store.hello({ now: lab.clock.now(), ...who, devices, profileDigests, status });
    const held = await lab.store.acquire({ now: lab.clock.now(), agentId: 'a', sessionId, token: systemRandom.token(16) });
    expect(held).toBeDefined();
    lab.dispatcher.attach({ agentId: 'a', sessionId, hostId: 'host-a', devices, profileDigests, assign: () => true }, true);
    await lab.idle();
    const before = lab.acquires;
    await lab.submit([task('benchmark'), task('benchmark', { minMemoryBytes: 1 }), task('benchmark', { minMemoryBytes: 2 })]);
    for (let round = 0; round < 10; round++) await lab.idle();
    expect(lab.acquires - before).toBeLessThanOrEqual(6);
  });

  it('forgets an agent whose stream ended, and one whose session is another coordinator’s', async () => {
    const lab = new Lab();
    await lab.join('gone');
    lab.dispatcher.detach('gone', 1);
    await lab.join('stolen');
    const stolen = { agentId: 'stolen', instanceId: 'stolen', agentVersion: '1', coordinatorId: 'other', host: hostOf('host-stolen') };
    const status = { state: 'ready', why: '' } as const;
    await lab.store.hello({ now: lab.clock.now(), ...stolen, devices: [], profileDigests: {}, missing: [], status, heldLeases: [] });
    await lab.submit([task('benchmark')]);
    expect([lab.assigned, lab.errors]).toEqual([[], []]);
  });

  it('leaves no task pending that an idle agent could take, whatever happens in which order', async () => {
    const action = fc.oneof(
      fc.record({
        hurried: fc.boolean(),
        do: fc.constant('join' as const),
        model: fc.constantFrom('A', 'B'),
        host: fc.constantFrom('h1', 'h2', 'h3'),
      }),
      fc.record({
        hurried: fc.boolean(),
        do: fc.constant('submit' as const),
        kind: fc.constantFrom('benchmark' as const, 'convert' as const),
        model: fc.constantFrom('A', 'B', null),
      }),
      fc.record({ hurried: fc.boolean(), do: fc.constant('finish' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const lab = new Lab();
        let joined = 0;
        let finished = 0;
        for (const one of actions) {
          lab.hurried = one.hurried;
          if (one.do === 'join') await lab.join(`agent-${joined++}`, { hostId: one.host, model: one.model });
          if (one.do === 'submit') await lab.submit([task(one.kind, one.model === null ? {} : { deviceModel: one.model })]);
          if (one.do === 'finish' && finished < lab.assigned.length) await lab.finish(finished++);
        }
        lab.hurried = false;
        await lab.idle();
        expect(lab.errors).toEqual([]);
        for (const { agentId, sessionId } of await lab.store.agents()) {
          const left = await lab.store.acquire({ now: lab.clock.now(), agentId, sessionId, token: systemRandom.token(16) });
          expect(left).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('does not ask a store that cannot write again and again, and asks once it can', async () => {
  const lab = new Lab();
  await lab.join('a');
  lab.readOnly = true;
  await lab.submit([task('benchmark')]);
  await lab.idle();
  expect(lab.acquires).toBeLessThan(5);
  lab.readOnly = false;
  await lab.clock.advance(5_001);
  await lab.idle();
  expect(lab.assigned).toHaveLength(1);
  await lab.dispatcher.stop();
});
