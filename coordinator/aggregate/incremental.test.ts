import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CellCuration } from '../../domain/curation.ts';
import type { ImportedResult } from '../../domain/imported-result.ts';
import { renderJson } from '../matrix/renderers/json.ts';
import type { StoreEvent, TaskRecord } from '../store/task-store.ts';
import { aggregateOf, failedTask, measured, taskOf } from './aggregate.cases.ts';

interface Step {
  readonly unit: string;
  readonly model: number;
  readonly kind: 'measured' | 'failed' | 'open' | 'cancelled';
  readonly value: number;
  readonly battery: boolean;
  readonly look: boolean;
  /** Somebody pins the first cell that has a number. */
  readonly pin: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  unit: fc.constantFrom('lab-1/cpu0', 'lab-2/cpu0'),
  model: fc.nat({ max: 1 }),
  kind: fc.constantFrom('measured', 'measured', 'measured', 'failed', 'open', 'cancelled'),
  // Some changes are large, some count only among few others.
  value: fc.constantFrom(8, 10, 10.1, 10.15, 10.25),
  battery: fc.boolean(),
  look: fc.boolean(),
  pin: fc.boolean(),
});

function taskFor({ unit, model, kind, value, battery }: Step, at: number): TaskRecord {
  const facts = { unit, at, spec: { modelId: `org/model-${model}` } };
  const condition = { powerSource: battery ? 'battery' : 'ac', powerMode: 'balanced' } as const;
  if (kind === 'failed') return failedTask('pass-failed', facts);
  if (kind === 'open') return taskOf(facts);
  if (kind === 'cancelled') return taskOf({ ...facts, change: { state: 'cancelled', endedAt: at } });
  return taskOf({
    ...facts,
    report: measured(
      { condition },
      [0.99, 1, 1.01, 0.995, 1.005].map((factor) => factor * value),
    ),
  });
}

/** An aggregate over tasks that appear and end one by one. */
function liveAggregate() {
  const tasks: TaskRecord[] = [];
  const curations = new Map<string, CellCuration>();
  const listeners: ((event: StoreEvent) => void)[] = [];
  let duringRead = () => {};
  const onRead = () => {
    const now = duringRead;
    duringRead = () => {};
    now();
  };
  const aggregate = aggregateOf(() => tasks, [], curations, { listeners, onRead });
  let sequence = 0;
  const tell = ({ taskId, state, jobIds }: TaskRecord) => {
    sequence += 1;
    for (const listener of listeners) listener({ type: 'task', sequence, at: 0, taskId, jobIds, state, attempt: 1, code: null });
  };
  const put = (task: TaskRecord) => {
    const place = tasks.findIndex(({ taskId }) => taskId === task.taskId);
    if (place >= 0) tasks[place] = task;
    else tasks.push(task);
    tell(task);
  };
  return {
    aggregate,
    tasks,
    curations,
    put,
    skip: (by = 3) => (sequence += by),
    /** Once, while the benchmarks are read next. */
    duringRead: (act: () => void) => {
      duringRead = act;
    },
  };
}

async function pinFirst({ aggregate, curations }: ReturnType<typeof liveAggregate>): Promise<void> {
  const cell = (await aggregate.matrix()).cells.flat().find((one) => one != null && one.p50Ms !== null);
  if (cell == null) return;
  const baseline = { taskIds: [cell.provenance.taskId], by: 'ann', at: 1, reason: '' };
  curations.set(cell.id, { baseline, acknowledged: null, notes: [] });
}

it('is the same whether it was asked after every change or once at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const live = liveAggregate();
      await live.aggregate.matrix();
      for (const [index, one] of steps.entries()) {
        const ended = taskFor(one, 1_000 + index * 10);
        live.put({ ...ended, state: 'pending', endedAt: null, result: null, error: null, attempts: [] });
        if (one.look) await live.aggregate.matrix();
        if (one.kind !== 'open') live.put(ended);
        if (one.pin) await pinFirst(live);
      }
      const seen = await live.aggregate.matrix();
      expect(seen).toEqual(await aggregateOf(() => live.tasks, [], live.curations).matrix());
      expect(JSON.parse(Buffer.from(renderJson(seen).bytes).toString())).toEqual(JSON.parse(JSON.stringify(seen)));
    }),
    { numRuns: 60 },
  );
});

it('reads only what events name, and everything after events that were missed', async () => {
  const live = liveAggregate();
  for (let index = 0; index < 30; index++)
    live.put(taskOf({ report: measured(), at: 1_000 + index, spec: { modelId: `org/model-${index}` } }));
  const before = await live.aggregate.matrix();
  live.put(taskOf({ report: measured(), at: 2_000, spec: { modelId: 'org/model-7' } }));
  const after = await live.aggregate.matrix();
  expect(after.cells.flat().filter((cell) => !before.cells.flat().includes(cell))).toHaveLength(1);
  live.skip();
  const missed = live.tasks.length;
  live.tasks.push(taskOf({ report: measured(), at: 3_000, spec: { modelId: 'org/missed' } }));
  live.put(taskOf({ report: measured(), at: 3_001, spec: { modelId: 'org/heard' } }));
  expect((await live.aggregate.matrix()).rows).toHaveLength(missed + 1);
});

it('reads everything again when events were missed while it read everything', async () => {
  const live = liveAggregate();
  live.put(taskOf({ report: measured(), spec: { modelId: 'org/first' } }));
  live.duringRead(() => {
    live.tasks.push(taskOf({ report: measured(), spec: { modelId: 'org/missed' } }));
    live.skip();
    live.put(taskOf({ report: measured(), spec: { modelId: 'org/heard' } }));
  });
  await live.aggregate.matrix();
  expect((await live.aggregate.matrix()).rows.map(({ modelId }) => modelId)).toEqual(['org/first', 'org/heard', 'org/missed']);
});

it('reads everything again when the store’s history goes back', async () => {
  const live = liveAggregate();
  for (let index = 0; index < 5; index++) live.put(taskOf({ report: measured(), spec: { modelId: `org/model-${index}` } }));
  await live.aggregate.matrix();
  live.tasks.splice(2);
  live.skip(-3);
  live.put(taskOf({ report: measured(), spec: { modelId: 'org/next' } }));
  expect((await live.aggregate.matrix()).rows.map(({ modelId }) => modelId)).toEqual(['org/model-0', 'org/model-1', 'org/next']);
});

it('lays imported results out once, however often something is measured', async () => {
  const tasks = [taskOf({ report: measured() })];
  const other: ImportedResult = {
    tool: 'csv',
    deviceClass: 'npu',
    ...{ modelId: 'net', variant: 'fp16', deviceModel: 'NPU X', ep: 'QNNExecutionProvider', latencyMs: 5, isMean: true },
    ...{ minMs: null, maxMs: null, p90Ms: null, p99Ms: null, samples: 100, throughputPerSecond: null, ortVersion: null },
    ...{ importedAt: 1, importedBy: 'ann' },
  };
  let imported = [other];
  const listeners: ((event: StoreEvent) => void)[] = [];
  const aggregate = aggregateOf(() => tasks, [], new Map(), { listeners, imported: () => structuredClone(imported) });
  const shown = async () => (await aggregate.matrix()).cells.flat().filter((cell) => cell?.badges.includes('imported'));
  const [before] = await shown();
  const measuredNow = taskOf({ report: measured(), at: 2_000, spec: { modelId: 'org/more' } });
  tasks.push(measuredNow);
  for (const listener of listeners)
    listener({ type: 'task', sequence: 1, at: 0, taskId: measuredNow.taskId, jobIds: [], state: 'completed', attempt: 1, code: null });
  expect((await shown())[0]).toBe(before);
  expect((await aggregate.matrix()).rows).toHaveLength(3);
  imported = [{ ...other, latencyMs: 6 }];
  expect((await shown())[0]?.p50Ms?.value).toBe(6);
});
