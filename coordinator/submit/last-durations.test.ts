import { expect, it } from 'vitest';
import { VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { benchmarkSpecOf } from '../../test/farm/jobs.ts';
import type { TaskRecord } from '../store/task-store.ts';
import { LastDurations, workKey } from './last-durations.ts';

const SPEC = benchmarkSpecOf();
const KEY = workKey(SPEC);

function benchmark(durationMs: number, state = 'completed'): TaskRecord {
  return { spec: SPEC, state, attempts: [{ acceptedAt: 1_000, endedAt: 1_000 + durationMs }] } as unknown as TaskRecord;
}

function durationsOn(...stored: TaskRecord[]) {
  const clock = new VirtualClock();
  const reads = { count: 0 };
  const benchmarks = async () => {
    reads.count += 1;
    return [...stored];
  };
  return { durations: new LastDurations({ benchmarks }, clock), clock, reads, stored };
}

it('answers how long the work took last, and reads history once for many questions', async () => {
  const { durations, reads } = durationsOn(benchmark(10), benchmark(20), benchmark(30, 'failed'));
  for (const _ of [1, 2, 3]) expect((await durations.of([KEY])).get(KEY)).toBe(20);
  expect(reads.count).toBe(1);
});

it('answers at once what it knows and learns of newer results meanwhile', async () => {
  const { durations, clock, stored } = durationsOn(benchmark(10));
  await durations.of([KEY]);
  stored.push(benchmark(50));
  await clock.advance(6_000);
  expect((await durations.of([KEY])).get(KEY)).toBe(10);
  await clock.advance(1);
  expect((await durations.of([KEY])).get(KEY)).toBe(50);
});

it('looks again for work that it has never seen measured', async () => {
  const { durations, stored } = durationsOn();
  expect((await durations.of([KEY])).size).toBe(0);
  stored.push(benchmark(10));
  expect((await durations.of([KEY])).get(KEY)).toBe(10);
});
