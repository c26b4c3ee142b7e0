import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StoreEvent, TaskRecord } from '../store/task-store.ts';
import { aggregateOf, failedTask, measured, taskOf } from './aggregate.cases.ts';

interface Step {
  readonly unit: string;
  readonly model: number;
  readonly kind: 'measured' | 'failed' | 'open' | 'cancelled';
  readonly value: number;
  readonly battery: boolean;
  readonly look: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  unit: fc.constantFrom('lab-1/cpu0', 'lab-2/cpu0'),
  model: fc.nat({ max: 1 }),
  kind: fc.constantFrom('measured', 'measured', 'measured', 'failed', 'open', 'cancelled'),
  value: fc.integer({ min: 8, max: 12 }),
  battery: fc.boolean(),
  look: fc.boolean(),
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
  const listeners: ((event: StoreEvent) => void)[] = [];
  const aggregate = aggregateOf(() => tasks, [], new Map(), listeners);
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
  return { aggregate, tasks, put, skip: () => (sequence += 3) };
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
      }
      const seen = await live.aggregate.matrix();
      expect(seen).toEqual(await aggregateOf(() => live.tasks).matrix());
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
