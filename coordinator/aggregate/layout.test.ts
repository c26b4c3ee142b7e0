import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MatrixRow } from '../../domain/matrix.ts';
import { sha256 } from '../../platform/sha256.ts';
import { measured, taskOf } from './aggregate.cases.ts';
import { viewBenchmark } from './benchmark-view.ts';
import { foldCell } from './cell.ts';
import type { FoldedCell } from './fold.ts';
import { KnownDevices } from './known-devices.ts';
import { layOut } from './layout.cases.ts';
import { Layout } from './layout.ts';
import { judgeUnit, placeView } from './unit-result.ts';

interface Shown {
  readonly unit: number;
  readonly condition: '' | 'ac' | 'battery';
  readonly at: number;
}

/** What a slot is put with: its place is given by its number. */
interface Put {
  readonly slot: number;
  readonly shown: readonly Shown[];
  readonly look: boolean;
}

const shown: fc.Arbitrary<Shown> = fc.record({
  unit: fc.nat({ max: 2 }),
  condition: fc.constantFrom('', 'ac', 'battery'),
  at: fc.integer({ min: 1, max: 4 }),
});
const put: fc.Arbitrary<Put> = fc.record({ slot: fc.nat({ max: 11 }), shown: fc.array(shown, { maxLength: 3 }), look: fc.boolean() });

const NO_DEVICES = new KnownDevices([], sha256);
const CLASSES = ['cpu', 'gpu', 'npu'] as const;

/** Slots 0 to 11: two models on three devices, asked for in two ways. */
function foldedOf(slot: number, { unit, condition, at }: Shown): FoldedCell {
  const device = slot % 3;
  const report = condition === '' ? undefined : measured({ condition: { powerSource: condition, powerMode: 'x' } });
  const task = taskOf({
    unit: `lab-${unit}/x${device}`,
    at,
    spec: { modelId: `org/model-${Math.floor(slot / 3) % 2}`, requestedEp: slot < 6 ? 'CPUExecutionProvider' : 'QNNExecutionProvider' },
    ...(report && { report }),
    change: { createdAt: at },
  });
  if (task.spec.kind !== 'benchmark') throw new TypeError('a benchmark');
  const requirement = { ...task.requirement, deviceModel: `Device ${device}`, deviceClass: CLASSES[device] ?? 'cpu' };
  const newest = placeView(viewBenchmark({ ...task, requirement }, task.spec, []), NO_DEVICES);
  const judged = judgeUnit(newest, { previous: undefined, pinned: undefined }, NO_DEVICES);
  if (judged === undefined) throw new TypeError('a result');
  const history = { results: 0, firstAt: null, lastGood: null, firstBad: null, fallback: null };
  return { cell: foldCell(newest.key, [judged], { id: task.taskId, curation: null, history }), newest, deviceClass: newest.deviceClass };
}

function describeRow({ cell: { key, provenance } }: FoldedCell): MatrixRow {
  const { modelId, recipeId } = key;
  return { modelId, recipeId, recipeDigest: provenance.taskId, title: '', target: '', lintFindings: 0, published: null };
}

it('arranges whatever has changed as if everything were arranged anew', () => {
  fc.assert(
    fc.property(fc.array(put, { maxLength: 30 }), (puts) => {
      const layout = new Layout(describeRow);
      const slots = new Map<number, readonly FoldedCell[]>();
      for (const one of puts) {
        const cells = one.shown.map((each) => foldedOf(one.slot, each));
        slots.set(one.slot, cells);
        layout.put(one.slot, cells);
        const all = [...slots].sort(([a], [b]) => a - b).flatMap(([, each]) => each);
        if (one.look) expect(layout.grid()).toEqual(layOut(all, describeRow));
      }
      const all = [...slots].sort(([a], [b]) => a - b).flatMap(([, each]) => each);
      expect(layout.grid()).toEqual(layOut(all, describeRow));
    }),
    { numRuns: 200 },
  );
});

it('keeps every row that a change leaves as it is', () => {
  const layout = new Layout(describeRow);
  for (let slot = 0; slot < 6; slot++) layout.put(slot, [foldedOf(slot, { unit: 0, condition: 'ac', at: 1 })]);
  const before = layout.grid();
  expect(layout.grid()).toBe(before);
  layout.put(4, [foldedOf(4, { unit: 1, condition: 'ac', at: 2 })]);
  const after = layout.grid();
  expect(after.cells.map((row, index) => row === before.cells[index])).toEqual([true, false]);
  expect(after.columns.map((column, index) => column === before.columns[index])).toEqual([true, false, true]);
});
