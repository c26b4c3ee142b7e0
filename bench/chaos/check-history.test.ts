import { describe, expect, it } from 'vitest';
import type { FarmEvent } from '../../api/events.ts';
import type { JobView } from '../../api/jobs.ts';
import { checkHistory } from './check-history.ts';
import type { History, HistoryEntry } from './history.ts';

type Task = JobView['tasks'][number];
type Attempt = Task['attempts'][number];

function attemptOf(attempt: number, state: 'completed' | 'exception' | null): Attempt {
  const ended = state === null ? null : { state, error: null };
  return {
    attempt,
    agentId: 'lab-1',
    deviceName: 'lab-1/cpu0',
    leasedAt: 1,
    acceptedAt: 2,
    endedAt: ended && 3,
    ended,
    cancelRequestedBy: null,
  };
}

/** Only what the checker looks at is filled with care. */
function taskOf(attempts: readonly Attempt[], state: Task['state'] = 'completed'): Task {
  const plan = { kind: 'benchmark', jobIds: ['j-1'], recipeId: 'r', recipeDigest: 'd', modelId: null, error: null } as const;
  const rest = { priority: 'interactive', submitter: 'ada', needs: [], createdAt: 1, enqueuedAt: 1, endedAt: 3 } as const;
  const requirement = { kind: 'benchmark', toolchains: [], capabilities: [], labels: {}, exclusivity: 'exclusive' } as const;
  return {
    ...{ ...plan, jobIds: [...plan.jobIds], ...rest, needs: [], taskId: 'j-1-0', state, maxAttempts: 3, summary: '', progress: null },
    requirement: { ...requirement, toolchains: [], capabilities: [], labels: {} } as unknown as Task['requirement'],
    attempts: [...attempts],
  };
}

function jobOf(task: Task, state: JobView['state'] = 'completed'): JobView {
  return { jobId: 'j-1', state, tasks: [task] } as unknown as JobView;
}

const lease = { agentId: 'lab-1', taskId: 'j-1-0', attempt: 1 };
const accepted: HistoryEntry = { type: 'accepted', key: 'k', jobId: 'j-1', coordinator: 'a' };
const assigned: HistoryEntry = { type: 'assigned', ...lease, token: 't1' };
const answered: HistoryEntry = { type: 'result-answered', ...lease, recorded: true, code: null };
const event = (coordinator: string, told: FarmEvent): HistoryEntry => ({ type: 'event', coordinator, event: told });
const taskEnd = (sequence: number, state: 'completed' | 'failed' = 'completed'): FarmEvent => ({
  ...{ type: 'task', sequence, at: 3, taskId: 'j-1-0', jobIds: ['j-1'] },
  ...{ state, attempt: 1, code: null },
});
const jobEnd = (sequence: number): FarmEvent => ({ type: 'job', sequence, at: 3, jobId: 'j-1', state: 'completed', counts: {} as never });

/** Both coordinators show the same, unless told otherwise. */
function history({ entries = [], job = jobOf(taskOf([attemptOf(1, 'completed')])), other = job }: Partial<Planted> = {}): History {
  const told = ['a', 'b'].flatMap((name) => [event(name, taskEnd(7)), event(name, jobEnd(8))]);
  const answer = { ...answered, recorded: false };
  return {
    entries: [accepted, assigned, answered, answer, ...told, ...entries],
    final: { a: job === null ? [] : [job], b: other === null ? [] : [other] },
  };
}

interface Planted {
  readonly entries: readonly HistoryEntry[];
  readonly job: JobView | null;
  readonly other: JobView | null;
}

it('finds nothing wrong with a run in which everything ended once, results answered twice included', () => {
  expect(checkHistory(history())).toEqual([]);
});

describe('planted errors are found', () => {
  const cases: Readonly<Record<string, [Partial<Planted>, RegExp]>> = {
    'an accepted job that nobody knows': [{ job: null }, /was accepted, and a does not know it/],
    'an accepted job that one coordinator does not know': [{ other: null }, /was accepted, and b does not know it/],
    'one key, two jobs': [{ entries: [{ ...accepted, jobId: 'j-2' }] }, /answered with several jobs/],
    'coordinators that disagree': [{ other: jobOf(taskOf([attemptOf(1, 'completed')]), 'failed') }, /b shows other jobs than a/],
    'a job that never ends': [{ job: jobOf(taskOf([attemptOf(1, null)], 'running'), 'running') }, /job j-1 has not ended/],
    'a task that never ends': [{ job: jobOf(taskOf([], 'pending')) }, /task j-1-0 has not ended: it is pending/],
    'two results that count': [
      { job: jobOf(taskOf([attemptOf(1, 'completed'), attemptOf(2, 'completed')])) },
      /task j-1-0 counts 2 results/,
    ],
    'an acknowledged result that is lost': [
      { job: jobOf(taskOf([attemptOf(1, 'exception'), attemptOf(2, 'completed')])) },
      /result of j-1-0 attempt 1 was acknowledged and is lost/,
    ],
    'a result recorded twice': [{ entries: [answered] }, /was recorded 2 times/],
    'a completed task without a result': [{ job: jobOf(taskOf([attemptOf(1, 'exception')])) }, /completed without a result/],
    'a result that does not count': [{ job: jobOf(taskOf([attemptOf(1, 'completed')], 'exception')) }, /although a result was recorded/],
    'an attempt that outlives its task': [
      { job: jobOf(taskOf([attemptOf(1, 'completed'), attemptOf(2, null)])) },
      /ended with an attempt that has not/,
    ],
    'a lease of two agents': [{ entries: [{ ...assigned, agentId: 'lab-2', token: 't2' }] }, /leased to several agents/],
    'an event told in two ways': [{ entries: [event('c', taskEnd(7, 'failed'))] }, /event 7 was told in two ways/],
    'a stream that goes back': [{ entries: [event('a', jobEnd(8))] }, /stream of a went back from 8 to 8/],
    'a task that ends twice': [{ entries: [event('a', taskEnd(9))] }, /task j-1-0 ended 2 times/],
    'a job that ends twice': [{ entries: [event('a', jobEnd(9))] }, /job j-1 ended 2 times/],
  };
  it.each(Object.entries(cases))('%s', (_, [planted, expected]) => {
    expect(checkHistory(history(planted))).toContainEqual(expect.stringMatching(expected));
  });
});
