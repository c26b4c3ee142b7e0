import { describe, expect, it } from 'vitest';
import { Pipeline, type TaskContext } from './stage.ts';

const context = (signal: AbortSignal) => ({ signal }) as TaskContext;

describe('Pipeline', () => {
  const twoStages = Pipeline.start<number>()
    .stage('fetch', async (value) => value + 1)
    .stage('convert', async (value) => `result ${value}`);

  it('feeds each stage what the one before returned, announcing it first', async () => {
    const entered: string[] = [];
    expect(await twoStages.run(1, context(new AbortController().signal), (stage) => entered.push(stage))).toBe('result 2');
    expect(entered).toEqual(['fetch', 'convert']);
    expect(twoStages.stages).toEqual(entered);
  });

  it('begins no further stage once the task is stopped', async () => {
    const controller = new AbortController();
    const entered: string[] = [];
    const enter = (stage: string) => {
      entered.push(stage);
      controller.abort(new Error('stopped'));
    };
    await expect(twoStages.run(1, context(controller.signal), enter)).rejects.toThrow('stopped');
    expect(entered).toEqual(['fetch']);
  });
});
