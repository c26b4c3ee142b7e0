import { describe, expect, it } from 'vitest';
import type { TaskSummary } from '../../api/tasks.ts';
import { chooseCompiled } from './choose-compiled.ts';

const attempt = {
  ...{ attempt: 1, agentId: 'lab-a', leasedAt: 0, acceptedAt: 0, endedAt: 1, ended: null, cancelRequestedBy: null },
};
const task = (recipeId: string, deviceName: string, state: TaskSummary['state'] = 'completed'): TaskSummary => ({
  ...{
    taskId: `${recipeId} ${deviceName}`,
    kind: 'benchmark',
    jobIds: ['j'],
    recipeId,
    recipeDigest: 'd',
    modelId: 'm',
    state,
    error: null,
  },
  ...{ priority: 'interactive', submitter: 'local', needs: [], createdAt: 0, enqueuedAt: 0, endedAt: 1, maxAttempts: 3, progress: null },
  attempts: [{ ...attempt, deviceName }],
  summary: '',
  requirement: {
    ...{ kind: 'benchmark', ep: 'QNNExecutionProvider', deviceClass: 'npu', toolchains: [], capabilities: [], labels: {} },
    ...{ minMemoryBytes: 0, exclusivity: 'exclusive' },
  },
});

describe('the benchmark whose compiled model is meant', () => {
  const job = { jobId: 'j', tasks: [task('m/m_a.json', 'x/npu0'), task('m/m_a.json', 'y/npu0'), task('m/m_b.json', 'x/npu0', 'failed')] };

  it('is the only one', () => {
    expect(chooseCompiled({ ...job, tasks: job.tasks.slice(1) }, {}).taskId).toBe('m/m_a.json y/npu0');
  });

  it('is chosen by device', () => {
    expect(chooseCompiled(job, { device: 'x/npu0' }).taskId).toBe('m/m_a.json x/npu0');
  });

  it('must be named among several, and has to have ended well', () => {
    expect(() => chooseCompiled(job, {})).toThrow(/x\/npu0.*y\/npu0/);
    expect(() => chooseCompiled(job, { recipe: 'm/m_b.json' })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
