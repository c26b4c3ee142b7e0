import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import type { Coverage, JobSpec } from '../../domain/job.ts';
import { NO_REVISION } from '../../domain/manifest.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import { catalogueText, LABELS, minimalDocument } from '../../domain/recipe/recipe.cases.ts';
import type { RecipeRef } from '../../domain/task.ts';
import { sha256 } from '../../platform/sha256.ts';
import { agentOf } from '../../test/farm/agents.ts';
import { deviceOf } from '../../test/farm/devices.ts';
import { jobSpecOf } from '../../test/farm/jobs.ts';
import type { AgentRecord, TaskRecord } from '../store/task-store.ts';
import { expand } from './expand.ts';
import { linkResolved } from './link-resolved.ts';

const TRT = 'NvTensorRTRTXExecutionProvider';
const EMPTY: Catalogue = { recipes: [] };

function refOf(text: string, recipeId = 'test/recipe'): RecipeRef {
  return { recipeId, text, digest: parseRecipe(text, { name: recipeId, sha256 }).recipe.digest };
}

const TRTRTX = refOf(catalogueText('trtrtx'), 'm/trtrtx.json');

const gpu = (name: string, model: string) =>
  deviceOf(name, { class: 'gpu', model, eps: [{ name: TRT, version: '1', libraryDigest: null }] });

const FLEET: readonly AgentRecord[] = [
  agentOf('lab-1', [deviceOf('lab-1/cpu0'), gpu('lab-1/gpu0', 'RTX 4090')]),
  agentOf('lab-2', [deviceOf('lab-2/cpu0'), gpu('lab-2/gpu0', 'RTX 4090')]),
  agentOf('lab-3', [deviceOf('lab-3/cpu0', { model: 'Other CPU' }), gpu('lab-3/gpu0', 'RTX 5060')]),
];

function expandJob(change: Partial<JobSpec> = {}, agents = FLEET) {
  return expand({ jobId: 'j-1', spec: jobSpecOf({ recipes: [TRTRTX], ...change }), agents, catalogue: EMPTY, imported: [], sha256 });
}

function benchmarksOf({ tasks }: ReturnType<typeof expand>) {
  return tasks.filter(({ spec }) => spec.kind === 'benchmark');
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof GroveError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('coverage', () => {
  it.each<[Coverage, (string | undefined)[], (string | undefined)[]]>([
    ['each-device-model', ['RTX 4090', 'RTX 5060'], [undefined, undefined]],
    ['each-device', [undefined, undefined, undefined], ['lab-1/gpu0', 'lab-2/gpu0', 'lab-3/gpu0']],
    ['any', [undefined], [undefined]],
    [{ units: ['lab-3/gpu0', 'lab-1/gpu0'] }, [undefined, undefined], ['lab-3/gpu0', 'lab-1/gpu0']],
  ])('%j gives one benchmark per device it names', (coverage, models, units) => {
    const requirements = benchmarksOf(expandJob({ coverage })).map(({ requirement }) => requirement);
    expect(requirements.map(({ deviceModel }) => deviceModel)).toEqual(models);
    expect(requirements.map(({ unit }) => unit)).toEqual(units);
    expect(requirements.every(({ ep, exclusivity }) => ep === TRT && exclusivity === 'exclusive')).toBe(true);
  });

  it('counts labels of the selector', () => {
    const labelled = [...FLEET, agentOf('lab-4', [deviceOf('lab-4/gpu0', { ...gpu('x', 'RTX 4090').profile, labels: { pool: 'night' } })])];
    const [only, ...rest] = expandJob({ coverage: 'each-device', where: { pool: 'night' } }, labelled).plan.tasks.filter(
      ({ kind }) => kind === 'benchmark',
    );
    expect([only?.deviceNames, rest]).toEqual([['lab-4/gpu0'], []]);
  });

  it('runs on the CPU when the execution provider is substituted, and says so', () => {
    const [first] = benchmarksOf(expandJob({ substituteEp: 'cpu' }));
    expect(first?.requirement).toMatchObject({ ep: CPU_EP, deviceClass: 'cpu' });
    expect(first?.spec).toMatchObject({
      requestedEp: TRT,
      executedEp: CPU_EP,
      substitution: { kind: 'ep', requested: TRT, executed: CPU_EP },
    });
  });
});

describe('a selector nobody satisfies', () => {
  it('is refused with the reasons of every device', () => {
    const run = () => expandJob({}, [agentOf('lab-1', [deviceOf('lab-1/cpu0')])]);
    expect(run).toThrow(/lab-1\/cpu0 is a cpu, not a gpu and does not offer NvTensorRTRTXExecutionProvider/);
    expect(codeOf(run)).toBe('unsatisfiable');
  });

  it.each([[{ units: ['lab-9/gpu0'] }], [{ units: ['lab-1/gpu0', 'lab-9/gpu0'] }], [{ units: ['lab-1/cpu0'] }]])(
    'is refused as a whole when one named unit is missing or unfit: %j',
    (coverage) => {
      expect(codeOf(() => expandJob({ coverage }))).toBe('unsatisfiable');
    },
  );

  it('is queued when the job waits for a device', () => {
    const tasks = benchmarksOf(expandJob({ waitForDevice: true, coverage: { units: ['lab-9/gpu0'] } }, []));
    expect(tasks.map(({ requirement }) => requirement.unit)).toEqual(['lab-9/gpu0']);
  });

  it('is also a hub model on a farm without an agent that reaches the hub', () => {
    const offline = [agentOf('lab-1', [deviceOf('lab-1/cpu0', { capabilities: [] }), gpu('lab-1/gpu0', 'RTX 4090')])];
    const source = { kind: 'hub', modelId: 'org/model', revision: null } as const;
    expect(() => expandJob({ source }, offline)).toThrow(/lacks capability hub/);
  });
});

describe('recipes that nobody can run', () => {
  it('end at once, visible, without a conversion', () => {
    const { tasks, plan } = expandJob({
      recipes: [refOf(catalogueText('context_ov_static'))],
      substituteEp: 'cpu',
      coverage: 'each-device-model',
    });
    expect(tasks.every(({ spec, endedAs }) => spec.kind === 'benchmark' && endedAs?.error.code === 'unsupported-pass')).toBe(true);
    expect(tasks).toHaveLength(2);
    expect(plan.tasks.every(({ state, reason }) => state === 'failed' && reason.includes('is not implemented natively'))).toBe(true);
  });

  it('end at once also when no device fits: nobody has to own the hardware to learn it', () => {
    const tasks = benchmarksOf(expandJob({ recipes: [refOf(catalogueText('context_ov_static'))] }, []));
    expect(tasks.map(({ endedAs }) => endedAs?.error.code)).toEqual(['unsupported-pass']);
  });

  it('go to an agent with the toolchain when there is one', () => {
    const fleet = [...FLEET, agentOf('lab-5', [deviceOf('lab-5/cpu0', { toolchains: ['olive'] })])];
    const data = { quantize_data_config: { path: 'data/rows.jsonl', origin: 'local' as const } };
    const dataFiles = { 'data/rows.jsonl': { sha256: 'a'.repeat(64), sizeBytes: 1 } };
    const { tasks } = expandJob(
      { recipes: [refOf(catalogueText('context_ov_static'))], substituteDevice: 'cpu', waitForDevice: true, data, dataFiles },
      fleet,
    );
    expect(tasks.find(({ spec }) => spec.kind === 'convert')?.requirement.toolchains).toEqual(['olive']);
    expect(tasks.some(({ endedAs }) => endedAs !== undefined)).toBe(false);
  });

  it("go to OpenVINO's toolchain where it is enough, whose lock decides the conversion", () => {
    const expandWith = (...toolchains: string[]) => {
      const fleet = [...FLEET, agentOf('lab-5', [deviceOf('lab-5/cpu0', { toolchains })])];
      const dataFiles = { 'data/rows.jsonl': { sha256: 'a'.repeat(64), sizeBytes: 1 } };
      const data = { quantize_data_config: { path: 'data/rows.jsonl', origin: 'local' as const } };
      const spec = { recipes: [refOf(catalogueText('context_ov_static'))], waitForDevice: true, data, dataFiles };
      return expandJob(spec, fleet).tasks.find(({ spec: { kind } }) => kind === 'convert');
    };
    const [first, second] = [expandWith('olive', 'openvino-aaaaaaaaaaaa'), expandWith('openvino-bbbbbbbbbbbb')];
    expect(first?.requirement.toolchains).toEqual(['openvino-aaaaaaaaaaaa']);
    expect(first?.spec).toMatchObject({ toolchain: 'openvino-aaaaaaaaaaaa' });
    expect(second?.taskId).not.toBe(first?.taskId);
  });

  it('keep their execution provider on a substituted kind of device, and cannot have another one when their model is bound to it', () => {
    const data = { quantize_data_config: { path: 'data/rows.jsonl', origin: 'local' as const } };
    const dataFiles = { 'data/rows.jsonl': { sha256: 'a'.repeat(64), sizeBytes: 1 } };
    const fleet = [...FLEET, agentOf('lab-5', [deviceOf('lab-5/cpu0', { toolchains: ['openvino'] })])];
    const spec = { recipes: [refOf(catalogueText('context_ov_static'))], data, dataFiles, waitForDevice: true };
    const [moved] = benchmarksOf(expandJob({ ...spec, substituteDevice: 'cpu' }, fleet));
    expect(moved?.requirement).toMatchObject({ ep: 'OpenVINOExecutionProvider', deviceClass: 'cpu' });
    expect(moved?.spec).toMatchObject({ substitution: { kind: 'device', requested: 'npu', executed: 'cpu' } });
    const replaced = benchmarksOf(expandJob({ ...spec, substituteEp: 'cpu' }, fleet));
    expect(replaced.every(({ endedAs }) => endedAs?.error.code === 'ep-bound-artifact')).toBe(true);
  });

  it('end at once when an uploaded model brings no rows for a pass that calibrates, and say what to give', () => {
    const data_configs = [{ name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: ['text'] } }];
    const passes = { c: { type: 'OnnxConversion' }, q: { type: 'OnnxStaticQuantization', data_config: 'rows' } };
    const recipes = [refOf(JSON.stringify(minimalDocument({ data_configs, passes })))];
    const [task] = benchmarksOf(expandJob({ recipes, substituteEp: 'cpu' }));
    expect(task?.endedAs?.error).toMatchObject({ code: 'unsupported-data', message: expect.stringContaining('--data rows=FILE') });
    const path = 'data/rows.jsonl';
    const given = { data: { rows: { path, origin: 'local' as const } }, dataFiles: { [path]: { sha256: 'a'.repeat(64), sizeBytes: 1 } } };
    expect(expandJob({ recipes, substituteEp: 'cpu', ...given }).tasks.some(({ endedAs }) => endedAs !== undefined)).toBe(false);
    const hub = { source: { kind: 'hub', modelId: 'org/model', revision: null } as const };
    expect(expandJob({ recipes, substituteEp: 'cpu', ...hub }).tasks.some(({ endedAs }) => endedAs !== undefined)).toBe(false);
  });

  it('are refused when they bring Python code', () => {
    const data = [{ name: 'd', type: 'HuggingfaceContainer', user_script: 'prepare.py' }];
    const script = refOf(JSON.stringify(minimalDocument({ data_configs: data })));
    const tasks = benchmarksOf(expandJob({ recipes: [script], substituteEp: 'cpu' }));
    expect(tasks.map(({ endedAs }) => endedAs?.error.code)).toEqual(['user-script-refused']);
  });

  it('go to a machine with Olive whose operator allows Python code, when the file came along', () => {
    const data_configs = [{ name: 'd', type: 'HuggingfaceContainer', user_script: 'prepare.py' }];
    const passes = { c: { type: 'OnnxConversion' }, q: { type: 'OnnxStaticQuantization', data_config: 'd' } };
    const document = minimalDocument({ passes, data_configs, grove_user_scripts: { 'prepare.py': 'ROWS = []' } });
    const recipes = [refOf(JSON.stringify(document))];
    const olive = 'olive-0123456789ab';
    const unwilling = agentOf('lab-a', [deviceOf('lab-a/cpu0', { toolchains: ['olive', olive] })]);
    const willing = agentOf('lab-b', [deviceOf('lab-b/cpu0', { toolchains: ['olive', olive], capabilities: ['user-script'] })]);
    const refused = benchmarksOf(expandJob({ recipes, substituteEp: 'cpu' }, [unwilling]));
    expect(refused.map(({ endedAs }) => endedAs?.error.message)).toEqual([expect.stringContaining('no machine with Olive')]);
    const { tasks } = expandJob({ recipes, substituteEp: 'cpu' }, [unwilling, willing]);
    const convert = tasks.find(({ spec }) => spec.kind === 'convert');
    expect(convert?.requirement).toMatchObject({ capabilities: ['user-script'], toolchains: [olive] });
  });
});

describe('conversions', () => {
  it('are one task for all benchmarks of equal bytes, in this and every other job', () => {
    const a = expandJob({ coverage: 'each-device' });
    const b = expand({
      jobId: 'j-2',
      spec: jobSpecOf({ recipes: [TRTRTX], substituteEp: 'cpu' }),
      agents: FLEET,
      catalogue: EMPTY,
      imported: [],
      sha256,
    });
    const keys = [...a.tasks, ...b.tasks].flatMap(({ taskId, spec }) => (spec.kind === 'convert' ? [taskId] : []));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(
      benchmarksOf(a).every(
        ({ needs, spec }) => needs[0] === keys[0] && spec.kind === 'benchmark' && `c-${spec.conversionKey}` === keys[0],
      ),
    ).toBe(true);
  });

  it.each<[string, Partial<JobSpec>]>([
    [
      'another model',
      { source: { kind: 'uploaded', files: { 'config.json': { sha256: 'd'.repeat(64), sizeBytes: 2 } }, origin: { kind: 'local' } } },
    ],
    ['another task', { task: 'text-classification' }],
    [
      'other rows',
      {
        data: { xnli: { path: 'data/x.jsonl', origin: 'local' } },
        dataFiles: { 'data/x.jsonl': { sha256: 'e'.repeat(64), sizeBytes: 3 } },
      },
    ],
  ])('differ for %s', (_what, change) => {
    const keyOf = (spec: Partial<JobSpec>) => expandJob(spec).tasks.find(({ spec: { kind } }) => kind === 'convert')?.taskId;
    expect(keyOf(change)).not.toBe(keyOf({}));
  });

  it('do not depend on rows the recipe does not read', () => {
    const other = refOf(JSON.stringify(minimalDocument({ data_configs: [{ name: 'other', type: 'HuggingfaceContainer' }] })));
    const rows = {
      data: { other: { path: 'data/x.jsonl', origin: 'local' } as const },
      dataFiles: { 'data/x.jsonl': { sha256: 'e'.repeat(64), sizeBytes: 3 } },
    };
    const keys = (spec: Partial<JobSpec>) =>
      expandJob({ ...spec, recipes: [TRTRTX, other], substituteEp: 'cpu' }).tasks.flatMap(({ taskId, spec: { kind } }) =>
        kind === 'convert' ? [taskId] : [],
      );
    const [withRows, without] = [keys(rows), keys({})];
    expect([withRows[0] === without[0], withRows[1] === without[1]]).toEqual([true, false]);
  });
});

describe('a hub model', () => {
  const source = { kind: 'hub', modelId: 'org/model', revision: null } as const;

  it('is resolved first; its benchmarks wait for it', () => {
    const { tasks } = expandJob({ source });
    expect(tasks.map(({ spec }) => spec.kind)).toEqual(['resolve', 'benchmark']);
    expect(tasks[1]).toMatchObject({ needs: ['j-1-0'], spec: { conversionKey: null, origin: { revision: NO_REVISION } } });
  });

  it('gets its conversion when it is resolved, once', () => {
    const spec = jobSpecOf({ recipes: [TRTRTX], source });
    const { tasks } = expand({ jobId: 'j-1', spec, agents: FLEET, catalogue: EMPTY, imported: [], sha256 });
    const origin = { kind: 'hub', id: 'org/model', revision: 'b'.repeat(40) } as const;
    const manifest = { schemaVersion: 1, files: { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } }, data: {} } as const;
    const records = tasks.map((task) =>
      recordOf(task, task.spec.kind === 'resolve' ? { state: 'completed', result: { kind: 'resolve', source: manifest, origin } } : {}),
    );
    const job = { jobId: 'j-1', spec } as Parameters<typeof linkResolved>[0]['job'];
    const linked = linkResolved({ job, tasks: records, agents: FLEET, sha256 });
    expect(linked.tasks.map(({ spec: { kind } }) => kind)).toEqual(['convert']);
    expect(linked.links).toMatchObject([{ taskId: 'j-1-1', needs: [linked.tasks[0]?.taskId], spec: { origin } }]);
    const after = records.map((record) =>
      record.spec.kind === 'benchmark' && linked.links[0] !== undefined ? { ...record, spec: linked.links[0].spec } : record,
    );
    expect(linkResolved({ job, tasks: after, agents: FLEET, sha256 })).toEqual({ tasks: [], links: [] });
  });
});

describe('an imported model', () => {
  const files = { 'config.json': { sha256: 'c'.repeat(64), sizeBytes: 2 } };
  const origin = { kind: 'hub', id: 'org/model', revision: 'b'.repeat(40) } as const;
  const source = { kind: 'uploaded', files, origin } as const;
  const QNN = refOf(catalogueText('qdq_qnn'), 'm/qnn.json');
  const offline = agentOf('lab-1', [deviceOf('lab-1/cpu0', { capabilities: [] })]);
  const job = (recipe: RecipeRef, agents: readonly AgentRecord[], change: Partial<JobSpec> = {}) =>
    expandJob({ recipes: [recipe], source, substituteEp: 'cpu', ...change }, agents);

  it.each([
    ['calibrates with', QNN],
    ['evaluates with', TRTRTX],
  ])('has the rows fetched that its recipe %s and nobody gave', (_, recipe) => {
    const { tasks, plan } = job(recipe, FLEET);
    expect(tasks.map(({ spec }) => spec.kind)).toEqual(['resolve', 'benchmark']);
    expect(tasks[0]).toMatchObject({
      spec: { modelId: 'org/model', revision: origin.revision, modelFiles: files },
      requirement: { capabilities: ['hub'] },
    });
    expect(tasks[1]).toMatchObject({ needs: ['j-1-0'], spec: { modelId: 'org/model', origin, conversionKey: null } });
    expect(plan.warnings.filter(({ message }) => message.startsWith('rows of'))).toEqual([]);
  });

  it('says what to import where no agent reaches a hub', () => {
    const [benchmark] = benchmarksOf(job(QNN, [offline]));
    expect(benchmark?.endedAs).toMatchObject({ error: { code: 'unsupported-data' } });
    expect(benchmark?.endedAs?.error.message).toMatch(/grove data import FILE --dataset \S+/);
    const { tasks, plan } = job(TRTRTX, [offline]);
    expect(tasks.map(({ spec }) => spec.kind)).toEqual(['convert', 'benchmark']);
    expect(plan.warnings.map(({ message }) => message).join()).toContain(
      'grove data import FILE --dataset facebook/xnli --subset en --split validation',
    );
  });

  it('needs no hub for rows that were given; and a folder of one job is never completed from a hub', () => {
    const data = { xnli: { path: 'data/mine.jsonl', origin: 'local' as const } };
    const dataFiles = { 'data/mine.jsonl': { sha256: 'f'.repeat(64), sizeBytes: 3 } };
    const given = job(TRTRTX, FLEET, { data, dataFiles });
    const folder = job(TRTRTX, FLEET, { source: jobSpecOf().source });
    for (const { tasks } of [given, folder]) expect(tasks.map(({ spec }) => spec.kind)).toEqual(['convert', 'benchmark']);
  });
});

describe('findings', () => {
  it('stop a strict job', () => {
    expect(codeOf(() => expandJob({ strict: true }))).toBe('lint');
  });

  it('that only the model shows fail the conversion of strict jobs and of no other', () => {
    const clean = refOf(JSON.stringify(minimalDocument()));
    const conversionOf = (strict: boolean) => {
      const { tasks } = expandJob({ recipes: [clean], strict });
      const conversion = tasks.find(({ spec }) => spec.kind === 'convert');
      expect(tasks.find(({ spec }) => spec.kind === 'benchmark')?.needs).toEqual([conversion?.taskId]);
      return conversion;
    };
    const [plain, strict] = [conversionOf(false), conversionOf(true)];
    expect([plain?.spec, strict?.spec]).toMatchObject([{ strict: false }, { strict: true }]);
    expect(strict?.taskId).toBe(`${plain?.taskId}.strict`);
  });

  it('are reported otherwise', () => {
    expect(expandJob().plan.lint.map(({ rule }) => rule)).toContain('percent-goal');
  });

  it('say which rows an uploaded model lacks', () => {
    expect(
      expandJob()
        .plan.warnings.map(({ message }) => message)
        .join(),
    ).toContain('--data xnli=FILE');
  });

  it('refuse rows for a data_config that no recipe has', () => {
    const change = {
      data: { typo: { path: 'data/x.jsonl', origin: 'local' } as const },
      dataFiles: { 'data/x.jsonl': { sha256: 'e'.repeat(64), sizeBytes: 3 } },
    };
    expect(codeOf(() => expandJob(change))).toBe('missing-data');
  });
});

describe('every expansion', () => {
  it('has distinct task ids, needs that it contains, and is the same when repeated', () => {
    const recipe = fc
      .constantFrom(...LABELS, 'minimal')
      .map((label) => refOf(label === 'minimal' ? JSON.stringify(minimalDocument()) : catalogueText(label), `m/${label}`));
    const spec = fc.record({
      recipes: fc.array(recipe, { minLength: 1, maxLength: 6 }),
      coverage: fc.constantFrom<Coverage>('each-device-model', 'each-device', 'any', { units: ['lab-1/cpu0'] }),
      substituteEp: fc.constantFrom('cpu' as const, null),
      waitForDevice: fc.constant(true),
      source: fc.constantFrom(jobSpecOf().source, { kind: 'hub' as const, modelId: 'org/model', revision: null }),
    });
    fc.assert(
      fc.property(spec, (change) => {
        const expansion = expandJob(change);
        const ids = expansion.tasks.map(({ taskId }) => taskId);
        expect(new Set(ids).size).toBe(ids.length);
        expect(expansion.tasks.flatMap(({ needs }) => needs).every((need) => ids.includes(need))).toBe(true);
        expect(expansion.plan.tasks.map(({ taskId }) => taskId)).toEqual(ids);
        expect(expandJob(change)).toEqual(expansion);
      }),
      { numRuns: 60 },
    );
  });
});

function recordOf(task: ReturnType<typeof expand>['tasks'][number], change: Partial<TaskRecord>): TaskRecord {
  const times = { createdAt: 0, enqueuedAt: null, endedAt: null };
  const { taskId, spec, requirement, requirementDigest, needs, retry } = task;
  const who = { jobIds: ['j-1'], priority: 'interactive', submitter: 'local', state: 'waiting', error: null } as const;
  return {
    taskId,
    spec,
    requirement,
    requirementDigest,
    needs,
    retry,
    ...who,
    ...times,
    attempts: [],
    avoid: null,
    result: null,
    ...change,
  };
}

describe('imported rows', () => {
  const rows = { sha256: 'e'.repeat(64), sizeBytes: 9 };
  const imported = [
    { dataset: 'facebook/xnli', subset: 'en', split: 'validation', path: 'rows.csv', blob: rows, importedAt: 0, importedBy: 'local' },
    { dataset: 'facebook/xnli', subset: 'de', split: 'validation', path: 'other', blob: rows, importedAt: 0, importedBy: 'local' },
  ];
  const job = (change: Partial<JobSpec> = {}) =>
    expand({ jobId: 'j-1', spec: jobSpecOf({ recipes: [TRTRTX], ...change }), agents: FLEET, catalogue: EMPTY, imported, sha256 });
  const sourceOf = ({ tasks }: ReturnType<typeof expand>) => tasks.flatMap(({ spec }) => (spec.kind === 'convert' ? [spec.source] : []))[0];

  it('take the place of the data set a recipe names, keep their format, and count as its own', () => {
    const source = sourceOf(job());
    expect(source?.data).toEqual({ xnli: { path: 'data/imported/xnli.csv', origin: 'hub' } });
    expect(source?.files['data/imported/xnli.csv']).toEqual(rows);
    expect(job().plan.warnings.filter(({ message }) => message.includes('facebook/xnli'))).toEqual([]);
    expect(benchmarksOf(job())[0]?.spec).toMatchObject({ localData: [] });
  });

  it("stand behind the submitter's", () => {
    const data = { xnli: { path: 'data/mine.jsonl', origin: 'local' as const } };
    const mine = { sha256: 'f'.repeat(64), sizeBytes: 3 };
    expect(sourceOf(job({ data, dataFiles: { 'data/mine.jsonl': mine } }))?.data).toEqual(data);
  });
});
