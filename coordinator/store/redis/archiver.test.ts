import { describe, expect, it } from 'vitest';
import { createArchiver } from './archiver.ts';

const NOW = 1_000_000;

/** A store that gives these answers, and the times it was asked for; the timer fires when it is told to. */
function scene(answers: readonly (number | Error)[], isMyTurn = true) {
  const asked: number[] = [];
  const told: unknown[] = [];
  const timers: (() => void)[] = [];
  const archiver = createArchiver({
    store: {
      archiveEnded: async (before) => {
        const answer = answers[asked.push(before) - 1] ?? 0;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    clock: {
      now: () => NOW,
      monotonicMs: () => NOW,
      after: (_, callback) => ({ cancel: () => void timers.splice(0), at: timers.push(callback) }),
    },
    retentionMs: 1_000,
    isMyTurn: async () => isMyTurn,
    onArchived: (jobs) => told.push(jobs),
    onError: (error) => told.push(error),
  });
  return { archiver, asked, told, timers };
}

describe('the archiver', () => {
  it('goes on until nothing is old any more, and looks again later', async () => {
    const { archiver, asked, told, timers } = scene([100, 7, 0]);
    archiver.start();
    await expect.poll(() => timers.length).toBe(1);
    expect([asked, told]).toEqual([[NOW - 1_000, NOW - 1_000, NOW - 1_000], [107]]);
    timers[0]?.();
    await expect.poll(() => asked.length).toBe(4);
    await archiver.stop();
  });

  it('leaves it to the coordinator whose turn it is', async () => {
    const { archiver, asked, timers } = scene([100], false);
    archiver.start();
    await expect.poll(() => timers.length).toBe(1);
    expect(asked).toEqual([]);
    await archiver.stop();
  });

  it('tells of a failure and tries again at the next look', async () => {
    const problem = new Error('away');
    const { archiver, told, timers } = scene([problem, 3, 0]);
    archiver.start();
    await expect.poll(() => timers.length).toBe(1);
    timers[0]?.();
    await expect.poll(() => told).toEqual([problem, 3]);
    await archiver.stop();
  });
});
