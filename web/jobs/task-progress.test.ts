import { describe, expect, it } from 'vitest';
import { hasEnded, stagesOf } from './task-progress.ts';

const at = (stage: string) => ({ attempt: 1, stage, fraction: 0.4, note: '' });

describe('the stages of a task', () => {
  it('are done before the one that runs, and ahead after it', () => {
    const stages = stagesOf({ kind: 'convert', state: 'running', progress: at('reference') });
    expect(stages.map(({ stage, is }) => `${stage} ${is}`)).toEqual([
      'fetch done',
      'convert done',
      'reference now',
      'verify ahead',
      'upload ahead',
    ]);
    expect(stages[2]?.fraction).toBe(0.4);
  });

  it('are all done at the end, and all ahead before the begin', () => {
    expect(new Set(stagesOf({ kind: 'benchmark', state: 'completed', progress: null }).map(({ is }) => is))).toEqual(new Set(['done']));
    expect(new Set(stagesOf({ kind: 'benchmark', state: 'pending', progress: null }).map(({ is }) => is))).toEqual(new Set(['ahead']));
  });

  it('tell ended states from others', () => {
    expect(['completed', 'failed', 'cancelled', 'running', 'pending'].map(hasEnded)).toEqual([true, true, true, false, false]);
  });
});
