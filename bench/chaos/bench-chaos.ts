import type { BenchReport } from '../bench-report.ts';
import { checkHistory } from './check-history.ts';
import { runChaos } from './run-chaos.ts';

/** As much work as the agents can do, so that whatever is killed has something in hand. */
const OPTIONS = { agents: 12, workMs: 6_000, submitEveryMs: 500, redisAwayMs: 5_000, s3AwayMs: 30_000, calmMs: 5_000 };

/** Two coordinators on one Redis and one artifact store, all of which fail in turn while jobs go on: what is lost, and what is counted twice. */
export async function benchChaos(): Promise<BenchReport> {
  const startMs = performance.now();
  const history = await runChaos(OPTIONS);
  const problems = checkHistory(history);
  const [jobs = []] = Object.values(history.final);
  const lost = jobs.flatMap(({ tasks }) => tasks).flatMap(({ attempts }) => attempts.filter(({ ended }) => ended?.state === 'exception'));
  const count = (name: string) => history.entries.filter(({ type }) => type === name).length;
  const recorded = history.entries.filter((entry) => entry.type === 'result-answered' && entry.recorded).length;
  return {
    bench: 'chaos',
    setUp: [
      `Two coordinator processes on a Redis (appendfsync always) and a versitygw; ${OPTIONS.agents} scripted agents; a job of two benchmarks of ${OPTIONS.workMs / 2} ms in the mean every ${OPTIONS.submitEveryMs} ms.`,
      `In turn: a coordinator killed, an agent killed, Redis killed and away for ${OPTIONS.redisAwayMs} ms, the artifact store killed and away for ${OPTIONS.s3AwayMs} ms, the other coordinator and an agent killed, all agents killed.`,
      'Every request, answer, result and event is recorded and judged by bench/chaos/check-history.ts.',
    ],
    figures: [
      { name: 'broken promises', unit: '', value: problems.length, target: { text: '0', met: problems.length === 0 } },
      { name: 'jobs accepted', unit: '', value: count('accepted') },
      { name: 'assignments', unit: '', value: count('assigned') },
      { name: 'of these lost, and tried again', unit: '', value: lost.length },
      { name: 'results sent, repeats included', unit: '', value: count('result-sent') },
      { name: 'results recorded', unit: '', value: recorded },
      { name: 'events told', unit: '', value: count('event') },
      { name: 'duration', unit: 's', value: (performance.now() - startMs) / 1_000 },
    ],
    notes: problems.slice(0, 20),
  };
}
