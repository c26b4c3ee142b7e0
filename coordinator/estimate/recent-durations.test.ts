import { afterEach, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { deviceOf, newTask, resultOf } from '../../test/conformance/task-store/documents.ts';
import { Farm } from '../../test/conformance/task-store/farm.ts';
import { createMemoryTaskStore } from '../store/memory/memory-task-store.ts';
import { RecentDurations } from './recent-durations.ts';
import { keysOfSpec } from './work-keys.ts';

const BENCHMARK = newTask('x').spec;
const opened: RecentDurations[] = [];
afterEach(async () => {
  for (const durations of opened.splice(0)) await durations.stop();
});

function listenTo(farm: Farm) {
  const clock = new VirtualClock();
  const read: string[] = [];
  const errors: unknown[] = [];
  const store = {
    subscribe: farm.store.subscribe.bind(farm.store),
    jobs: farm.store.jobs.bind(farm.store),
    tasksOf: farm.store.tasksOf.bind(farm.store),
    agent: farm.store.agent.bind(farm.store),
    task: async (taskId: string) => {
      read.push(taskId);
      return farm.store.task(taskId);
    },
  };
  const durations = new RecentDurations({ store, clock, onError: (error) => errors.push(error) });
  opened.push(durations);
  durations.start();
  return { clock, read, errors, durations };
}

/** One benchmark that takes this long. */
async function run(farm: Farm, taskId: string, durationMs: number): Promise<void> {
  await farm.submit([newTask(taskId)]);
  const held = await farm.run('m');
  farm.now += durationMs;
  await farm.complete(held, { state: 'completed', result: resultOf('benchmark') });
}

const { model } = deviceOf('m/cpu0').profile;

describe('recent durations', () => {
  it('are medians of what completed lately, by what was done and on which model', async () => {
    const farm = new Farm(createMemoryTaskStore());
    await farm.hello('m');
    const { clock, durations, errors } = listenTo(farm);
    for (const [index, durationMs] of [100, 900, 300].entries()) {
      await run(farm, `t-${index}`, durationMs);
      await settle();
      await clock.advance(250);
      await durations.ready();
    }
    expect(errors).toEqual([]);
    expect(durations.of(keysOfSpec(BENCHMARK), model)).toBe(300);
    expect(durations.of(keysOfSpec(BENCHMARK), 'another model')).toBeUndefined();
    expect(durations.of(['convert'], model)).toBeUndefined();
  });

  it('are known after a start from the newest jobs', async () => {
    const farm = new Farm(createMemoryTaskStore());
    await farm.hello('m');
    await run(farm, 't-1', 70);
    const { durations } = listenTo(farm);
    await durations.ready();
    expect(durations.of(keysOfSpec(BENCHMARK), model)).toBe(70);
  });

  it('cost the same however much completes: a few tasks are read, then there is a pause', async () => {
    const farm = new Farm(createMemoryTaskStore());
    await farm.hello('m');
    const { clock, read, durations } = listenTo(farm);
    for (let index = 0; index < 200; index += 1) await run(farm, `t-${index}`, 10);
    await durations.ready();
    expect(read.length).toBeLessThanOrEqual(8);
    await clock.advance(250);
    await settle();
    await durations.ready();
    expect(read.length).toBeLessThanOrEqual(16);
    expect(read.at(-1)).toBe('t-199');
  });
});
