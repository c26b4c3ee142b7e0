import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileTaskLogs } from '../../coordinator/logs/file-task-logs.ts';
import { describeTaskLogs } from './task-logs.ts';

describeTaskLogs('files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-logs-'));
  let ended = false;
  return {
    open: async () =>
      new FileTaskLogs({
        folder,
        hasEnded: async () => ended,
        onError: (_taskId, error) => {
          throw error;
        },
      }),
    endAttempt: () => {
      ended = true;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
});
