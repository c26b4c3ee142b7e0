import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from '../../platform/files.ts';
import { createAgentLog } from '../log-events.ts';
import { PendingResults } from './pending-results.ts';

describe('PendingResults', () => {
  let folder = '';
  const open = () => PendingResults.open(folder, { files: systemFiles, log: createAgentLog('silent', { write: () => {} }) });
  const result = { lease: { taskId: 'c-a:b', attempt: 3, token: 'f'.repeat(32) }, outcome: { state: 'cancelled' } } as const;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grove-results-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('survive a restart with their lease token', async () => {
    await (await open()).add(result);
    expect((await open()).all()).toEqual([result]);
  });

  it('are gone for good once removed', async () => {
    const pending = await open();
    await pending.add(result);
    await pending.remove({ taskId: 'c-a:b', attempt: 2 });
    expect(pending.get(result.lease)).toEqual(result);
    await pending.remove(result.lease);
    expect((await open()).all()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that cannot be read are dropped without stopping the agent', async () => {
    await writeFile(join(folder, 'broken.json'), '{"schemaVersion":1,');
    expect((await open()).all()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});
