import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import { LOCAL_PRINCIPAL } from '../../domain/principal.ts';
import { catalogueText } from '../../domain/recipe/recipe.cases.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import { expand } from '../expand/expand.ts';
import { linkResolved } from '../expand/link-resolved.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import type { TaskStore } from '../store/task-store.ts';
import { createFollowUp, type FollowUpDeps } from './follow-up.ts';

const AGENT = agentOf('lab-1', [deviceOf('lab-1/cpu0')]);
const RECIPE = { recipeId: 'm/trtrtx.json', digest: 'a'.repeat(64), text: catalogueText('trtrtx') };

const HUB_MODEL = { kind: 'hub', modelId: 'org/model', revision: null } as const;
const IMPORTED_MODEL = {
  kind: 'uploaded',
  files: { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } },
  origin: { kind: 'hub', id: 'org/model', revision: 'b'.repeat(40) },
} as const;

/** A store with one job whose resolve task an agent holds. */
async function storeWithHubJob(source: JobSpec['source'] = HUB_MODEL, change: Partial<JobSpec> = {}) {
  const store = createMemoryTaskStore();
  const spec = jobSpecOf({ recipes: [RECIPE], source, substituteEp: 'cpu' });
  const { tasks } = expand({ jobId: 'j-1', spec, agents: [AGENT], catalogue: { recipes: [] }, imported: [], sha256 });
  const key = { idempotencyKey: 'k', requestDigest: 'd', priority: 'interactive' } as const;
  await store.submit({ now: 1, principal: LOCAL_PRINCIPAL, jobId: 'j-1', ...key, spec: { ...spec, ...change }, tasks });
  const { agentId, instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing, status } = AGENT;
  const who = { agentId, instanceId, agentVersion, coordinatorId, host, devices, profileDigests, missing, status };
  const { sessionId } = await store.hello({ now: 2, ...who, heldLeases: [] });
  const acquired = await store.acquire({ now: 3, agentId, sessionId, token: '0'.repeat(32) });
  const resolve = async (): Promise<void> => {
    const lease = acquired!.assignment.lease;
    await store.accept({ now: 4, agentId, lease });
    const files = { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } };
    const origin = { kind: 'hub', id: 'org/model', revision: 'b'.repeat(40) } as const;
    const result = { kind: 'resolve', source: { schemaVersion: 1, files, data: {} }, origin } as const;
    await store.complete({ now: 5, agentId, lease, outcome: { state: 'completed', result } });
    await settle();
  };
  return { store, resolve };
}

function followUpOn(store: TaskStore, change: Partial<FollowUpDeps> = {}) {
  const clock = new VirtualClock();
  const linked: number[] = [];
  const errors: unknown[] = [];
  const followUp = createFollowUp({
    store,
    kindOf: async (taskId) => (await store.task(taskId))?.spec.kind,
    clock,
    link: (input) => linkResolved({ ...input, sha256 }),
    onLinked: (_jobId, conversions) => linked.push(conversions),
    onError: (_jobId, error) => errors.push(error),
    ...change,
  });
  return { followUp, clock, linked, errors };
}

async function kindsOf(store: TaskStore): Promise<string[]> {
  return (await store.tasksOf('j-1')).map(({ spec, state }) => `${spec.kind} ${state}`);
}

describe('following up a resolved source', () => {
  it('queues its conversion and links the benchmark', async () => {
    const { store, resolve } = await storeWithHubJob();
    const { followUp, linked } = followUpOn(store);
    await followUp.start();
    await resolve();
    await followUp.stop();
    expect(linked).toEqual([1]);
    expect(await kindsOf(store)).toEqual(['resolve completed', 'benchmark waiting', 'convert pending']);
  });

  it.each([
    ['a hub model', HUB_MODEL],
    ['rows of an imported model', IMPORTED_MODEL],
  ])('makes good at its start what ended while no coordinator was there: %s', async (_, source) => {
    const { store, resolve } = await storeWithHubJob(source);
    await resolve();
    expect(await kindsOf(store)).toEqual(['resolve completed', 'benchmark waiting']);
    const { followUp, linked } = followUpOn(store);
    await followUp.start();
    await followUp.stop();
    expect(linked).toEqual([1]);
    const again = followUpOn(store);
    await again.followUp.start();
    await again.followUp.stop();
    expect(again.linked).toEqual([]);
  });

  it('makes good too what a job has to resolve that names an uploaded model: a rerun keeps one source of several', async () => {
    const uploaded = { kind: 'uploaded', files: IMPORTED_MODEL.files, origin: { kind: 'local' } } as const;
    const { store, resolve } = await storeWithHubJob(HUB_MODEL, { source: uploaded });
    await resolve();
    const { followUp, linked } = followUpOn(store);
    await followUp.start();
    await followUp.stop();
    expect(linked).toEqual([1]);
  });

  it.each([
    ['the store failed', new Error('once')],
    ['Grove itself made a mistake, which says nothing about the job', new GroveError('internal', { problem: 'once' })],
  ])('tries again when %s', async (_, failure) => {
    const { store, resolve } = await storeWithHubJob();
    await resolve();
    let failures = 1;
    const link: FollowUpDeps['link'] = (input) => {
      if (failures-- > 0) throw failure;
      return linkResolved({ ...input, sha256 });
    };
    const { followUp, clock, linked, errors } = followUpOn(store, { link });
    await followUp.start();
    await clock.advance(5_000);
    await clock.advance(1);
    expect([errors.length, linked]).toEqual([1, [1]]);
    await followUp.stop();
  });

  it('asks again which kind of task has ended while the store cannot say', async () => {
    const { store, resolve } = await storeWithHubJob();
    let failures = 1;
    const kindOf: FollowUpDeps['kindOf'] = async (taskId) => {
      if (failures-- > 0) throw new GroveError('store-unavailable', { problem: 'away' });
      return (await store.task(taskId))?.spec.kind;
    };
    const { followUp, clock, linked, errors } = followUpOn(store, { kindOf });
    await followUp.start();
    await resolve();
    await clock.advance(5_000);
    await clock.advance(1);
    expect([errors.length, linked]).toEqual([1, [1]]);
    await followUp.stop();
  });

  it('ends the benchmarks with an error that would come again', async () => {
    const { store, resolve } = await storeWithHubJob();
    const problem = new GroveError('invalid-request', { problem: 'the recipe is not valid any more' });
    const link: FollowUpDeps['link'] = () => {
      throw problem;
    };
    const { followUp, clock, errors } = followUpOn(store, { link });
    await followUp.start();
    await resolve();
    await clock.advance(60_000);
    await followUp.stop();
    expect(errors).toEqual([problem]);
    expect(await kindsOf(store)).toEqual(['resolve completed', 'benchmark failed', 'resolve failed']);
    expect((await store.tasksOf('j-1')).at(-1)?.error?.message).toBe(problem.message);
    expect((await store.job('j-1'))?.state).toBe('failed');
  });
});
