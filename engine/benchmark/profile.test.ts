import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProfile } from './profile.ts';

let path = '';
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'grove-profile-')), 'profile.json');
});
afterEach(() => rm(join(path, '..'), { recursive: true }));

const run = (ts: number) => ({ cat: 'Session', name: 'model_run', ts, dur: 100 });
const kernel = (ts: number) => ({
  cat: 'Node',
  name: 'mm_kernel_time',
  ts,
  dur: 7,
  args: { provider: 'CPUExecutionProvider', op_name: 'MatMul', node_index: '3' },
});

describe('readProfile', () => {
  it('keeps node executions of all inferences but the first', async () => {
    await writeFile(path, JSON.stringify([run(0), kernel(10), run(200), kernel(210), { nothing: 'known' }]));
    expect(await readProfile(path, 'CPUExecutionProvider')).toEqual({
      inferences: 1,
      executions: [{ node: 'mm', nodeIndex: '3', opType: 'MatMul', ep: 'CPUExecutionProvider', durationUs: 7 }],
    });
  });

  it.each([
    ['text that is no JSON', '[{'],
    ['something else than events', '{}'],
    ['one inference', JSON.stringify([run(0)])],
  ])('refuses %s', async (_, text) => {
    await writeFile(path, text);
    await expect(readProfile(path, 'CPUExecutionProvider')).rejects.toMatchObject({ code: 'session-failed' });
  });
});
