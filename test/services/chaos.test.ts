import { expect, it } from 'vitest';
import { checkHistory } from '../../bench/chaos/check-history.ts';
import { runChaos } from '../../bench/chaos/run-chaos.ts';

it('loses nothing accepted and counts nothing twice while coordinators, Redis, the artifact store and agents fail', async () => {
  const history = await runChaos({ agents: 6, workMs: 1_000, submitEveryMs: 250, redisAwayMs: 2_000, s3AwayMs: 5_000, calmMs: 1_500 });
  expect(checkHistory(history)).toEqual([]);
  const accepted = history.entries.filter(({ type }) => type === 'accepted');
  const recorded = history.entries.filter((entry) => entry.type === 'result-answered' && entry.recorded);
  expect(accepted.length).toBeGreaterThan(20);
  expect(recorded.length).toBeGreaterThan(accepted.length);
}, 300_000);
