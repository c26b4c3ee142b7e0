import { describe, expect, test } from 'vitest';
import { taskLine } from './task-line.ts';

const running = {
  kind: 'benchmark',
  recipeId: 'm/m_trtrtx.json',
  state: 'running',
  error: null,
  attempts: [],
  summary: '',
  progress: null,
} as const;
const error = { code: 'unsupported-pass', message: 'm', advice: 'a', fault: 'recipe', retryable: false } as const;

describe('a task line', () => {
  test('spreads progress over all stages of the task', () => {
    const at = (stage: string, fraction: number) => taskLine({ ...running, progress: { attempt: 1, stage, fraction, note: '3/5' } });
    expect(at('fetch', 0).fraction).toBe(0);
    expect(at('measure', 0.5).fraction).toBeCloseTo(3.5 / 7);
    expect(at('measure', 0.5).status).toBe('measure 3/5');
    expect(at('upload', 1).fraction).toBe(1);
  });

  test('says how a task ended', () => {
    expect(taskLine({ ...running, state: 'failed', error }).status).toBe('failed/unsupported-pass');
    expect(taskLine({ ...running, state: 'completed' })).toMatchObject({ status: 'done', fraction: 1 });
    expect(taskLine({ ...running, state: 'completed', summary: '5.61 ms' }).summary).toBe('5.61 ms');
  });

  test('says what a waiting task waits for', () => {
    expect(taskLine({ ...running, state: 'waiting' }).status).toBe('waits for its conversion');
    expect(taskLine({ ...running, state: 'pending', error: { ...error, code: 'agent-lost' } }).status).toContain('after agent-lost');
  });
});
