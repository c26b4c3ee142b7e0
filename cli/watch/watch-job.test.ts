import { describe, expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { exitCodeOfJob } from './watch-job.ts';

type Job = Parameters<typeof exitCodeOfJob>[0];

const recipeFault = new GroveError('unsupported-pass', { type: 'X', path: '$', detail: '' }).toReport();
const lost = new GroveError('agent-lost', { agentId: 'a' }).toReport();

function job(state: Job['state'], ...endings: readonly Pick<Job['tasks'][number], 'state' | 'error'>[]): Job {
  const common = {
    taskId: 't',
    kind: 'benchmark',
    jobIds: [],
    recipeId: 'r',
    recipeDigest: '',
    modelId: null,
    priority: 'interactive',
  } as const;
  const rest = {
    submitter: 's',
    needs: [],
    createdAt: 0,
    enqueuedAt: null,
    endedAt: null,
    maxAttempts: 3,
    attempts: [],
    summary: '',
    progress: null,
  };
  const requirement = {
    ...({ kind: 'benchmark', ep: 'CPUExecutionProvider', deviceClass: 'cpu', exclusivity: 'exclusive' } as const),
    ...{ toolchains: [], capabilities: [], labels: {}, minMemoryBytes: 0 },
  };
  return { state, tasks: endings.map((ending) => ({ ...common, ...rest, jobIds: [], needs: [], attempts: [], requirement, ...ending })) };
}

describe('the exit code of a watched job', () => {
  test('is 0 when everything completed, even after a retried loss', () => {
    expect(exitCodeOfJob(job('completed', { state: 'completed', error: lost }))).toBe(0);
  });

  test("is 6 for the recipe's fault and 7 for the infrastructure's, which outweighs it", () => {
    expect(exitCodeOfJob(job('failed', { state: 'failed', error: recipeFault }))).toBe(6);
    expect(exitCodeOfJob(job('exception', { state: 'failed', error: recipeFault }, { state: 'exception', error: lost }))).toBe(7);
  });

  test('is 1 for a cancelled job', () => {
    expect(exitCodeOfJob(job('cancelled', { state: 'cancelled', error: null }))).toBe(1);
  });
});
