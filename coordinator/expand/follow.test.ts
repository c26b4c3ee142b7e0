import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JobSpec, MAX_JOB_TASKS } from '../../domain/job.ts';
import { LOCAL_PRINCIPAL } from '../../domain/principal.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { catalogueText } from '../../domain/recipe/recipe.cases.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import type { AgentRecord } from '../store/task-store.ts';
import { expand } from './expand.ts';
import { expandFollowed } from './follow.ts';

const TEXT = catalogueText('trtrtx');
const RECIPE = { recipeId: 'm/trtrtx.json', text: TEXT, digest: parseRecipe(TEXT, { name: 'm/trtrtx.json', sha256 }).recipe.digest };
const CONTEXT = { catalogue: { recipes: [] }, imported: [], sha256 };
const HUB = { kind: 'hub', modelId: 'org/m', revision: null } as const;

function specOf(change: Partial<JobSpec> = {}): JobSpec {
  return jobSpecOf({ recipes: [RECIPE], substituteEp: 'cpu', coverage: 'each-device', followForMs: 1_000, ...change });
}

const lab = (name: string, model = 'Test CPU') => agentOf(name, [deviceOf(`${name}/cpu0`, { model })]);

/** A job in a real store, which grows on one fleet after the other. */
async function farmOf(spec: JobSpec, fleet: readonly AgentRecord[]) {
  const store = createMemoryTaskStore();
  const { tasks } = expand({ ...CONTEXT, jobId: 'j', spec, agents: fleet });
  const request = { now: 1, principal: LOCAL_PRINCIPAL, jobId: 'j', idempotencyKey: 'key', requestDigest: 'd' };
  await store.submit({ ...request, spec, priority: 'interactive', tasks });
  const grow = async (agents: readonly AgentRecord[]) =>
    expandFollowed({ ...CONTEXT, job: { jobId: 'j', spec }, tasks: await store.tasksOf('j'), agents });
  const add = async (added: Awaited<ReturnType<typeof grow>>) =>
    store.addTasks({ now: 2, principal: LOCAL_PRINCIPAL, jobId: 'j', tasks: added, links: [] });
  const places = async () => {
    const all = await store.tasksOf('j');
    const benchmarks = all.filter(({ spec: { kind } }) => kind === 'benchmark');
    return benchmarks.map(({ requirement }) => requirement.unit ?? requirement.deviceModel ?? 'any').sort();
  };
  return { store, grow, add, places };
}

describe('a job that follows the fleet', () => {
  it('begins without a task when no device fits, and takes in the first that does with its conversion', async () => {
    const { store, grow, add } = await farmOf(specOf(), []);
    expect(await store.tasksOf('j')).toEqual([]);
    await add(await grow([lab('a')]));
    expect((await store.tasksOf('j')).map(({ spec, state }) => [spec.kind, state])).toEqual([
      ['convert', 'pending'],
      ['benchmark', 'waiting'],
    ]);
  });

  it.each<[JobSpec['coverage'], readonly string[]]>([
    ['each-device', ['a/cpu0', 'b/cpu0', 'c/cpu0']],
    ['each-device-model', ['New CPU', 'Test CPU']],
    ['any', ['any']],
    [{ units: ['a/cpu0', 'c/cpu0', 'z/cpu0'] }, ['a/cpu0', 'c/cpu0']],
  ])('with coverage %j takes in what that means of a new fleet', async (coverage, expected) => {
    const { grow, add, places } = await farmOf(specOf({ coverage }), [lab('a')]);
    const fleet = [lab('a'), lab('b'), lab('c', 'New CPU')];
    await add(await grow(fleet));
    expect(await places()).toEqual(expected);
    expect(await grow(fleet)).toEqual([]);
    expect(await grow([])).toEqual([]);
  });

  it('gives a new benchmark of a hub model the source that the job has', async () => {
    const { store, grow, add } = await farmOf(specOf({ source: HUB }), [lab('a')]);
    await add(await grow([lab('a'), lab('b')]));
    const tasks = await store.tasksOf('j');
    expect(tasks.map(({ spec }) => spec.kind)).toEqual(['resolve', 'benchmark', 'benchmark']);
    expect(tasks[2]).toMatchObject({ state: 'waiting', needs: tasks[1]?.needs });
  });

  it('ends as the fleet it was last grown on, whichever fleets two coordinators saw before, and never loses a task', async () => {
    const fleets = fc.array(fc.subarray(['a', 'b', 'c', 'd', 'e', 'f']), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fleets, fc.constantFrom('each-device', 'each-device-model'), fc.boolean(), async (seen, coverage, isHub) => {
        const spec = specOf({ coverage, ...(isHub && { source: HUB }) });
        const agents = (names: readonly string[]) => names.map((name) => lab(name, `CPU ${name < 'c' ? 'old' : name}`));
        const { grow, add, places } = await farmOf(spec, agents(seen[0] ?? []));
        // Both read before either writes.
        const read = await Promise.all(seen.map((names) => grow(agents(names))));
        for (const added of read) await add(added);
        const all = agents([...new Set(seen.flat())].sort());
        const whole = await farmOf(spec, all);
        expect(await places()).toEqual(await whole.places());
        expect(await grow(all)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('does not run everything again when the farm has a newer toolchain', async () => {
    const { store, grow } = await farmOf(specOf(), [lab('a')]);
    const tasks = (await store.tasksOf('j')).map((task) =>
      task.spec.kind === 'benchmark'
        ? { ...task, requirement: { ...task.requirement, toolchains: ['olive-1'] }, requirementDigest: 'another' }
        : task,
    );
    const job = { jobId: 'j', spec: specOf() };
    expect(expandFollowed({ ...CONTEXT, job, tasks, agents: [lab('a')] })).toEqual([]);
    expect(await grow([lab('a')])).toEqual([]);
  });

  it('takes in no more than a job may have', async () => {
    const spec = specOf();
    const { grow } = await farmOf(spec, []);
    const many = Array.from({ length: MAX_JOB_TASKS }, (_, index) => lab(`lab-${index}`));
    await expect(grow(many)).rejects.toMatchObject({ code: 'invalid-request' });
  });
});
