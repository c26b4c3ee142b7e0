import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { GroveError } from '../../domain/errors.ts';
import { LOCAL_PRINCIPAL } from '../../domain/principal.ts';
import { type Catalogue, loadCatalogue } from '../../domain/recipe/catalogue.ts';
import { catalogueText, LABELS, minimalDocument } from '../../domain/recipe/recipe.cases.ts';
import { parseSelector } from '../../domain/selector/parse.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { expand } from '../expand/expand.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import type { AgentRecord, SubmitCommand } from '../store/task-store.ts';
import { createJobArchive, type JobArchive } from './archive.ts';
import { readSubmitRequest } from './read-request.ts';
import { createSubmitService } from './submit.ts';

const CATALOGUE = catalogueOf();

function catalogueOf(): Catalogue {
  const recipes = LABELS.map((label) => ({
    file: `${label}.json`,
    label,
    title: label,
    precision: 'fp16',
    quality: { minCosine: 0.99 },
    published: null,
  }));
  const card = { schema: 1, modelId: 'org/model', title: 't', summary: 's', licence: 'MIT', homepage: null, inputShape: [1, 128], recipes };
  const files = LABELS.map((label) => ({ path: `m/${label}.json`, text: catalogueText(label) }));
  return loadCatalogue([{ path: 'm/model.json', text: JSON.stringify(card) }, ...files], sha256);
}

const BLOB = { sha256: 'c'.repeat(64), sizeBytes: 2 };
const UPLOADED: SubmitRequest = {
  recipes: [{ catalogueId: 'trtrtx' }],
  model: { kind: 'uploaded', files: { 'config.json': BLOB } },
  on: 'each-device-model',
  substituteEp: 'cpu',
};

function read(change: Partial<SubmitRequest> = {}) {
  return readSubmitRequest({ ...UPLOADED, ...change }, { catalogue: CATALOGUE, sha256 });
}

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof GroveError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('reading a request', () => {
  it('names a file that equals a catalogue entry as that entry, and any other by its digest', () => {
    const text = JSON.stringify(JSON.parse(catalogueText('dml')));
    const [same, other] = read({
      recipes: [
        { name: 'mine.json', text },
        { name: 'other.json', text: JSON.stringify(minimalDocument()) },
      ],
    }).recipes;
    expect(same?.recipeId).toBe('m/dml.json');
    expect(other?.recipeId).toBe(`adhoc:${other?.digest.slice(0, 12)}`);
  });

  it('applies settings to the recipes that have the pass; those are no catalogue entries any more', () => {
    const { recipes } = read({
      recipes: [{ catalogueId: 'trtrtx' }, { catalogueId: 'context_ov_static' }],
      set: ['conversion.target_opset=18'],
    });
    expect(recipes.map(({ recipeId }) => recipeId.split(':', 1)[0])).toEqual(['adhoc', 'm/context_ov_static.json']);
    expect(recipes[0]?.text).toContain('18');
  });

  it('takes the hub model that all recipes name when none is given', () => {
    const { model: _model, ...request } = UPLOADED;
    const { source } = readSubmitRequest(
      { ...request, recipes: [{ catalogueId: 'trtrtx' }, { catalogueId: 'dml' }] },
      { catalogue: CATALOGUE, sha256 },
    );
    expect(source).toEqual({ kind: 'hub', modelId: 'cross-encoder/ms-marco-MiniLM-L-6-v2', revision: null });
  });

  it('keeps a plain request a plain job', () => {
    expect(read()).not.toHaveProperty('sweep');
    expect(read().priority).toBe('interactive');
  });

  it('makes a sweep of models, selectors and variants, behind other work unless asked', () => {
    const { model: first, ...request } = UPLOADED;
    const models = [first, { kind: 'hub' as const, modelId: 'org/other' }].filter((model) => model !== undefined);
    const variants = [['conversion.target_opset=18'], ['conversion.target_opset=19'], ['conversion.target_opset=18']];
    const asked = { ...request, models, selectors: [['pool=day'], { pool: 'night' }], variants };
    const spec = readSubmitRequest(asked, { catalogue: CATALOGUE, sha256 });
    expect(spec.recipes.map(({ recipeId }) => recipeId)).toEqual([
      'm/trtrtx.json --set conversion.target_opset=18',
      'm/trtrtx.json --set conversion.target_opset=19',
    ]);
    expect(spec).toMatchObject({
      priority: 'sweep',
      source: { kind: 'uploaded' },
      sweep: { models: [{}, { source: { modelId: 'org/other' } }] },
    });
    expect(spec.sweep?.selectors).toEqual(['day', 'night'].map((pool) => parseSelector(`pool=${pool}`)));
    expect(readSubmitRequest({ ...asked, priority: 'urgent' }, { catalogue: CATALOGUE, sha256 }).priority).toBe('urgent');
  });

  it('refuses model beside models, a variant that no recipe has, and more recipes than a job may have', async () => {
    const variants = Array.from({ length: 256 }, (_, index) => [`conversion.target_opset=${index}`]);
    const five = ['trtrtx', 'dml', 'qdq_amd', 'qdq_qnn', 'context_ov_static'].map((catalogueId) => ({ catalogueId }));
    expect(await codeOf(() => read({ models: [{ kind: 'hub', modelId: 'a/b' }] }))).toBe('invalid-request');
    expect(await codeOf(() => read({ variants: [['nothing.here=1']] }))).toBe('invalid-argument');
    expect(await codeOf(() => read({ recipes: five, variants }))).toBe('invalid-request');
  });

  it('puts rows below data/, where no model file can be replaced', () => {
    const { data, dataFiles } = read({ data: { xnli: { path: 'config.json' } }, dataFiles: { 'config.json': BLOB } });
    expect([data['xnli']?.path, Object.keys(dataFiles)]).toEqual(['data/config.json', ['data/config.json']]);
  });

  it('refuses rows where imported ones lie', () => {
    expect(() => read({ dataFiles: { 'imported/xnli.csv': BLOB } })).toThrow('kept for imported rows');
  });

  it('forgets a task that is the recipe’s own', () => {
    expect([read({ task: 'feature-extraction' }).task, read({ task: 'text-classification' }).task]).toEqual([null, 'text-classification']);
  });

  it.each<[string, Partial<SubmitRequest>, string]>([
    ['an unknown catalogue entry', { recipes: [{ catalogueId: 'nothing' }] }, 'unknown-recipe'],
    ['a file that is no JSON', { recipes: [{ name: 'x', text: '{' }] }, 'recipe-not-json'],
    [
      'an unknown pass',
      { recipes: [{ name: 'x', text: JSON.stringify(minimalDocument({ passes: { a: { type: 'OnnxConversoin' } } })) }] },
      'unknown-pass',
    ],
    ['two substitutions at once', { substituteEp: 'cpu', substituteDevice: 'cpu' }, 'invalid-argument'],
    ['a setting for a pass that no recipe has', { set: ['nothing.x=1'] }, 'invalid-argument'],
    ['rows that were not listed', { data: { xnli: { path: 'x.jsonl' } } }, 'invalid-request'],
  ])('refuses %s', async (_what, change, code) => {
    expect(await codeOf(() => read(change))).toBe(code);
  });

  it('refuses recipes of several models when none is given', async () => {
    const { model: _model, ...request } = UPLOADED;
    const recipes = [{ catalogueId: 'trtrtx' }, { name: 'x', text: JSON.stringify(minimalDocument()) }];
    expect(await codeOf(() => readSubmitRequest({ ...request, recipes }, { catalogue: CATALOGUE, sha256 }))).toBe('invalid-request');
  });
});

/** A submit service on a memory store, with a fleet the test chooses. */
function serviceOn(fleet: { agents: readonly AgentRecord[] }, archive?: Pick<JobArchive, 'add'>) {
  const store = createMemoryTaskStore();
  const archived: string[] = [];
  const service = createSubmitService({
    store: { ...bound(store), agents: async () => fleet.agents },
    artifacts: { claim: async (digest) => (digest === BLOB.sha256 ? { sizeBytes: BLOB.sizeBytes } : undefined) },
    catalogue: CATALOGUE,
    imports: { models: async () => [], data: async () => [] },
    archive: archive ?? { add: ({ jobId }) => archived.push(jobId) },
    clock: new VirtualClock(),
    estimates: { ofPlan: async () => ({ tasks: new Map(), endMs: null, unknown: 'a test' }) },
    sha256,
    expand: (input) => expand({ ...input, catalogue: CATALOGUE, sha256 }),
  });
  const submit = (request: SubmitRequest, idempotencyKey = 'key-12345') =>
    service.submit(request, { principal: LOCAL_PRINCIPAL, idempotencyKey });
  return { store, archived, submit };
}

function bound(store: ReturnType<typeof createMemoryTaskStore>) {
  return {
    submit: (command: SubmitCommand) => store.submit(command),
    job: (id: string) => store.job(id),
    task: (id: string) => store.task(id),
    tasksOf: (id: string) => store.tasksOf(id),
  };
}

const FLEET = { agents: [agentOf('lab-1', [deviceOf('lab-1/cpu0')])] };

describe('submitting', () => {
  it('gives the job the deadline that was asked for, and none otherwise', () => {
    expect([read({ deadlineMs: 60_000 }).deadlineMs, 'deadlineMs' in read()]).toEqual([60_000, false]);
  });

  it('stores the job, archives it and answers the plan', async () => {
    const { submit, store, archived } = serviceOn(FLEET);
    const { jobId, created, plan } = await submit(UPLOADED);
    expect([created, plan.tasks.map(({ kind, state }) => `${kind} ${state}`)]).toEqual([true, ['convert pending', 'benchmark waiting']]);
    expect(archived).toEqual([jobId]);
    expect((await store.tasksOf(jobId ?? '')).map(({ taskId }) => taskId)).toEqual(plan.tasks.map(({ taskId }) => taskId));
  });

  it('answers a repeat with the same job, also when the fleet could not take it any more', async () => {
    const fleet = { agents: FLEET.agents as readonly AgentRecord[] };
    const { submit, archived } = serviceOn(fleet);
    const first = await submit(UPLOADED);
    fleet.agents = [];
    const again = await submit(UPLOADED);
    expect([again.jobId, again.created, archived.length]).toEqual([first.jobId, false, 1]);
    expect(again.plan.tasks.map(({ taskId }) => taskId)).toEqual(first.plan.tasks.map(({ taskId }) => taskId));
  });

  it('refuses a key that was used for another request', async () => {
    const { submit } = serviceOn(FLEET);
    await submit(UPLOADED);
    expect(await codeOf(() => submit({ ...UPLOADED, tier: 'ranked' }))).toBe('idempotency-conflict');
  });

  it('stores nothing in a dry run, and nothing after an error', async () => {
    const { submit, store, archived } = serviceOn(FLEET);
    const { jobId, plan } = await submit({ ...UPLOADED, dryRun: true });
    expect([jobId, plan.tasks.map(({ taskId }) => taskId)]).toEqual([null, [null, null]]);
    expect(await codeOf(() => submit({ ...UPLOADED, substituteEp: 'cpu', on: { units: ['lab-9/cpu0'] } }))).toBe('unsatisfiable');
    expect([(await store.jobs({ limit: 10 })).length, archived.length]).toEqual([0, 0]);
  });

  it('names every file that was never uploaded', async () => {
    const { submit } = serviceOn(FLEET);
    const files = { 'config.json': BLOB, a: { sha256: 'a'.repeat(64), sizeBytes: 1 }, b: { ...BLOB, sizeBytes: 3 } };
    const error = await submit({ ...UPLOADED, model: { kind: 'uploaded', files } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'not-found' });
    expect(error instanceof GroveError && error.problems.map(({ path }) => path).sort()).toEqual(['a', 'b']);
  });

  it('refuses a task that would fit no message', async () => {
    const { submit } = serviceOn(FLEET);
    const files = Object.fromEntries(Array.from({ length: 4_000 }, (_, i) => [`${'folder/'.repeat(20)}${i}.bin`, BLOB]));
    expect(await codeOf(() => submit({ ...UPLOADED, model: { kind: 'uploaded', files } }))).toBe('too-large');
  });
});

describe('the archive', () => {
  const job = { jobId: 'j-1', principal: LOCAL_PRINCIPAL, submittedAt: 1, spec: read() };

  /** An archive that keeps its documents, after `failures` puts that fail. */
  function archiveThat({ failures }: { failures: number }) {
    const clock = new VirtualClock();
    const stored: string[] = [];
    const done: string[] = [];
    const indexed: (readonly [string, string])[] = [];
    let left = failures;
    const put = async (bytes: Uint8Array) => {
      if (left-- > 0) throw new Error('away');
      stored.push(Buffer.from(bytes).toString());
      return BLOB;
    };
    const archive = createJobArchive({
      artifacts: { put },
      index: { add: async ({ jobId, sha256: digest }) => void indexed.push([jobId, digest]) },
      clock,
      onArchived: (jobId) => done.push(jobId),
      onGivenUp: () => done.push('given up'),
    });
    return { archive, clock, stored, done, indexed };
  }

  it('tries again with growing pauses, and keeps no token', async () => {
    const { archive, clock, stored, done, indexed } = archiveThat({ failures: 2 });
    archive.add({ ...job, ...{ token: 'secret' } });
    await settle();
    expect(done).toEqual([]);
    await clock.advance(1_000);
    expect(done).toEqual(['j-1']);
    expect(indexed).toEqual([['j-1', BLOB.sha256]]);
    expect(JSON.parse(stored[0] ?? '')).toEqual({ schemaVersion: 1, kind: 'job', ...job });
  });

  it('gives up after a while and says so', async () => {
    const { archive, clock, done } = archiveThat({ failures: Number.POSITIVE_INFINITY });
    archive.add(job);
    await clock.advance(60_000);
    expect(done).toEqual(['given up']);
    await archive.stop();
  });

  it('makes the same document of a job that the task store kept, also after tasks were added', async () => {
    const { archive, stored } = archiveThat({ failures: 0 });
    const { store, submit } = serviceOn(FLEET, archive);
    const { jobId } = await submit(UPLOADED);
    const [task] = await store.tasksOf(jobId ?? '');
    const more = { ...task!, taskId: 'later', needs: [] };
    await store.addTasks({ now: 2, principal: LOCAL_PRINCIPAL, jobId: jobId ?? '', tasks: [more], links: [] });
    archive.catchUp(await store.runningJobs());
    await archive.stop();
    expect([stored.length, stored[1]]).toEqual([2, stored[0]]);
  });
});
