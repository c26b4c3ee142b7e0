import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../agent/virtual-clock.cases.ts';
import { createFleetWatch } from './fleet-watch.ts';

function watchThat(failures: number) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  let looks = 0;
  const watch = createFleetWatch({
    clock,
    look: async () => {
      looks += 1;
      if (looks <= failures) throw new Error('the store is away');
    },
    onError: (error) => errors.push(error),
  });
  const pass = async (ms: number) => {
    await clock.advance(ms);
    await settle();
  };
  return { watch, errors, pass, looks: () => looks };
}

describe('the watch over the fleet', () => {
  it('looks once after a start and once after a burst of changes', async () => {
    const { watch, pass, looks } = watchThat(0);
    await pass(1_000);
    expect(looks()).toBe(1);
    for (let index = 0; index < 3; index += 1) {
      watch.note();
      await pass(500);
    }
    expect(looks()).toBe(1);
    await pass(1_000);
    expect(looks()).toBe(2);
    await pass(60_000);
    expect(looks()).toBe(2);
  });

  it('does not wait for ever while changes go on', async () => {
    const { watch, pass, looks } = watchThat(0);
    await pass(1_000);
    for (let index = 0; index < 12; index += 1) {
      watch.note();
      await pass(500);
    }
    expect(looks()).toBe(2);
  });

  it('looks again after a failure', async () => {
    const { errors, pass, looks } = watchThat(1);
    await pass(1_000);
    expect([looks(), errors.length]).toEqual([1, 1]);
    await pass(5_000);
    expect([looks(), errors.length]).toEqual([2, 1]);
  });

  it('looks no more once it is stopped', async () => {
    const { watch, pass, looks } = watchThat(0);
    await watch.stop();
    watch.note();
    await pass(60_000);
    expect(looks()).toBe(0);
  });
});
