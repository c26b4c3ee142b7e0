import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileTaskLogs } from './file-task-logs.ts';

it('keeps attempts and tasks apart, in folders any system can make', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-logs-'));
  const errors: unknown[] = [];
  const logs = new FileTaskLogs({ folder, hasEnded: async () => false, onError: (_taskId, error) => errors.push(error) });
  logs.append('a:1', 1, { sequence: 0, text: 'one' });
  logs.append('a:1', 2, { sequence: 0, text: 'two' });
  await logs.stop();
  expect(await readdir(folder)).toEqual(['a%3A1']);
  expect((await readdir(join(folder, 'a%3A1'))).filter((name) => name.endsWith('.log'))).toEqual(['1.log', '2.log']);
  expect(errors).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
