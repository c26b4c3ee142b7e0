import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTask } from '../conformance/task-store/documents.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';

let server: FarmServer;

beforeEach(async () => {
  server = await startFarmServer();
  await server.farm.hello('lab');
});
afterEach(() => server.close());

describe('marking an agent', () => {
  it('is shown with who did it, why and until when, and keeps work away', async () => {
    const { client, farm } = server;
    await farm.submit([newTask('job1-0')]);
    const marked = await client.markAgent('lab', { kind: 'paused', reason: 'needs its GPU', forMs: 60_000 });
    expect(marked).toMatchObject({ state: 'paused', mark: { kind: 'paused', by: 'local', until: expect.any(Number) } });
    expect(marked.why).toMatch(/^by local, until 20\d\d-.*Z: needs its GPU$/);
    expect(await farm.tryAcquire('lab')).toBeUndefined();
  });

  it('ends with unmark', async () => {
    const { client, farm } = server;
    await farm.submit([newTask('job1-0')]);
    await client.markAgent('lab', { kind: 'quarantined', reason: 'broken', fix: 'replace the fan' });
    expect((await client.agents()).agents).toMatchObject([{ state: 'quarantined', why: 'by local: broken. replace the fan' }]);
    expect(await client.unmarkAgent('lab')).toMatchObject({ state: 'idle', mark: null, why: '' });
    expect(await farm.tryAcquire('lab')).toBeDefined();
  });

  it('refuses unknown agents, kinds and durations', async () => {
    const { client } = server;
    expect(await codeOf(client.markAgent('nobody', { kind: 'paused' }))).toBe('not-found');
    expect(await codeOf(client.unmarkAgent('nobody'))).toBe('not-found');
    expect(await codeOf(client.markAgent('lab', { kind: 'paused', forMs: 10 }))).toBe('invalid-request');
    expect(await codeOf(client.markAgent('lab', JSON.parse('{"kind": "asleep"}')))).toBe('invalid-request');
  });
});
