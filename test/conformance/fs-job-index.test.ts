import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsJobIndex } from '../../coordinator/artifacts/fs/fs-job-index.ts';
import { describeJobIndex } from './job-index.ts';

describeJobIndex('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'grove-index-'));
  return { index: new FsJobIndex(folder), close: () => rm(folder, { recursive: true, force: true }) };
});
