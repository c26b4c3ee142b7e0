import { afterEach, beforeEach, expect, it } from 'vitest';
import { codeOf } from '../conformance/task-store/farm.ts';
import type { FarmServer } from './farm-server.ts';
import { startSampleFarm } from './sample-farm.ts';
import { SAMPLE_MATRIX } from './sample-matrix.ts';

let server: FarmServer;

beforeEach(async () => {
  server = await startSampleFarm();
});
afterEach(() => server.close());

const idOf = (state: string) => SAMPLE_MATRIX.cells.flat().find((cell) => cell?.state === state)?.id ?? '';

it('pins what a cell shows, acknowledges its state and takes notes', async () => {
  const { client, farm } = server;
  const id = idOf('regressed');
  await client.curateCell(id, { kind: 'pin', reason: 'release 4' });
  await client.curateCell(id, { kind: 'acknowledge' });
  await client.curateCell(id, { kind: 'note', text: 'asked the vendor' });
  expect((await farm.store.curations()).get(id)).toMatchObject({
    baseline: { taskIds: ['job1-0'], reason: 'release 4', by: 'local' },
    acknowledged: { state: 'regressed', reason: '', by: 'local' },
    notes: [{ text: 'asked the vendor', by: 'local' }],
  });
  await client.curateCell(id, { kind: 'unpin' });
  await client.curateCell(id, { kind: 'withdraw' });
  expect((await farm.store.curations()).get(id)).toMatchObject({ baseline: null, acknowledged: null });
});

it('refuses a baseline without a number, cells there are not, and notes without words', async () => {
  const { client } = server;
  expect(await codeOf(client.curateCell(idOf('waiting'), { kind: 'pin' }))).toBe('invalid-request');
  expect(await codeOf(client.curateCell('f'.repeat(16), { kind: 'pin' }))).toBe('not-found');
  expect(await codeOf(client.curateCell(idOf('ok'), { kind: 'note', text: '  ' }))).toBe('invalid-request');
  expect(await codeOf(client.curateCell(idOf('ok'), { kind: 'note', text: 'x'.repeat(1_001) }))).toBe('invalid-request');
});

it('shows the newest of a cell’s history with it, and the rest page by page', async () => {
  const { client } = server;
  const id = idOf('ok');
  expect((await client.cell(id)).history.map(({ taskId }) => taskId)).toEqual(['job0-4', 'job0-2', 'job0-1', 'job0-3']);
  expect(await client.cellHistory(id, { offset: 1, limit: 2 })).toMatchObject({
    total: 4,
    results: [{ taskId: 'job0-2' }, { taskId: 'job0-1' }],
  });
  expect(await codeOf(client.cellHistory('f'.repeat(16)))).toBe('not-found');
});
