import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Cell } from '../../domain/matrix.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';
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

/** The sample with one of its cells changed, at a server of its own. */
async function withCell<T>(change: (cell: Cell) => Cell, use: (server: FarmServer, id: string) => Promise<T>): Promise<T> {
  const id = idOf('ok');
  const cells = SAMPLE_MATRIX.cells.map((row) => row.map((cell) => (cell?.id === id ? change(cell) : cell)));
  const changed = await startFarmServer({ matrix: { ...SAMPLE_MATRIX, cells } });
  try {
    return await use(changed, id);
  } finally {
    await changed.close();
  }
}

it('refuses to curate what another tool measured, and leaves nothing of it', async () => {
  const imported = (cell: Cell): Cell => ({ ...cell, badges: ['imported'], provenance: { ...cell.provenance, taskId: '' } });
  await withCell(imported, async ({ client, farm }, id) => {
    for (const request of [{ kind: 'pin' }, { kind: 'acknowledge' }, { kind: 'note', text: 'fast' }] as const)
      await expect(client.curateCell(id, request)).rejects.toMatchObject({
        code: 'invalid-request',
        message: expect.stringContaining('was imported'),
      });
    expect(await farm.store.curations()).toEqual(new Map());
    await client.curateCell(id, { kind: 'unpin' });
  });
});

it('pins at most a thousand units', async () => {
  const unitsOf =
    (count: number) =>
    (cell: Cell): Cell => ({
      ...cell,
      unitStates: Array.from({ length: count }, (_, index) => ({
        ...{ unit: `lab-${index}/cpu0`, taskId: `job1-${index}`, state: 'ok', badges: [], comparison: null },
        p50Ms: { value: 1, low: null, high: null },
      })),
    });
  await withCell(unitsOf(1_000), ({ client }, id) => client.curateCell(id, { kind: 'pin' }));
  await withCell(unitsOf(1_001), async ({ client }, id) => {
    const message = expect.stringContaining('numbers of 1001 units; a baseline takes those of at most 1000');
    await expect(client.curateCell(id, { kind: 'pin' })).rejects.toMatchObject({ code: 'invalid-request', message });
  });
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
