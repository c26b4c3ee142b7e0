import { describe, expect, it } from 'vitest';
import { scriptedSession } from './fake-session.cases.ts';
import { warmUp } from './warm-up.ts';

const PLAN = { minRuns: 10, minMs: 1000, maxMs: 60_000 };

describe('warmUp', () => {
  it('compares two windows of ten runs and half a second each at least', async () => {
    const session = scriptedSession(() => 20);
    expect(await warmUp(session, {}, PLAN)).toMatchObject({ runs: 50, stable: true });
    expect(session.windows.map(({ minRuns, minMs }) => [minRuns, minMs])).toEqual([
      [10, 500],
      [10, 500],
    ]);
  });

  it('goes on while latency still falls', async () => {
    const session = scriptedSession((run) => (run < 100 ? 100 - 0.5 * run : 50));
    const { runs, stable } = await warmUp(session, {}, PLAN);
    expect(stable).toBe(true);
    expect(runs).toBeGreaterThan(100);
  });

  it('gives up at its cap and says so', async () => {
    const session = scriptedSession((run) => run + 1);
    expect(await warmUp(session, {}, { ...PLAN, maxMs: 0.001 })).toMatchObject({ stable: false });
  });
});
