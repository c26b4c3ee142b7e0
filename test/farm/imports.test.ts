import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, onTestFinished } from 'vitest';
import { HubServer } from '../../agent/hub/hub-server.cases.ts';
import { badgesOfTheJob } from '../support/badges.ts';
import type { Lab } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

const ID = 'cross-encoder/ms-marco-MiniLM-L-6-v2';
const COMMIT = 'd'.repeat(40);

/** The lab's model as a Hugging Face cache keeps it. */
async function cachedModel(lab: Lab): Promise<string> {
  const snapshots = join(lab.folder, 'hub', `models--${ID.replace('/', '--')}`, 'snapshots');
  await mkdir(snapshots, { recursive: true });
  await rename(lab.model, join(snapshots, COMMIT));
  return join(snapshots, COMMIT);
}

it('runs a recipe as it is from imported model and rows, on a farm whose agents reach no hub', async ({ lab }) => {
  await lab.startAgent('lab-a', { config: { hub: 'off' } });
  expect(await lab.grove('model', 'import', await cachedModel(lab))).toMatchObject({ code: 0, out: expect.stringContaining(ID) });
  const rows = join(lab.folder, 'rows.csv');
  await writeFile(rows, `premise,label\n${Array.from({ length: 12 }, (_, row) => `"Row ${row}, of a table",0`).join('\n')}\n`);
  const data = ['data', 'import', rows, '--dataset', 'facebook/xnli', '--subset', 'en'];
  expect(await lab.grove(...data)).toMatchObject({ code: 0 });
  const submit = ['submit', 'trtrtx', '--substitute-ep', 'cpu', '--tier', 'smoke', '--launches', '1', '--watch'];
  expect(await lab.grove(...submit)).toMatchObject({ code: 0 });

  const { rows: matrixRows, cells } = await lab.client.matrix();
  expect(matrixRows).toMatchObject([{ modelId: ID }]);
  const [cell] = cells.flat();
  expect(badgesOfTheJob(cell?.badges ?? [])).toEqual(['substituted']);
  expect(cell?.quality).toMatchObject({ state: 'measured', rows: 10 });
  const { models } = await lab.json<{ models: unknown[] }>('model', 'list', '-o', 'json');
  expect(models).toMatchObject([{ modelId: ID, revision: COMMIT }]);
  expect(await lab.grove('data', 'list')).toMatchObject({ code: 0, out: expect.stringContaining('facebook/xnli') });
});

it('fetches the rows that an imported model lacks where an agent reaches a hub, and asks it for no model', async ({ lab }) => {
  const columnData = [{ name: 'premise', data: Array.from({ length: 12 }, (_, row) => `Row ${row}`), type: 'STRING' as const }];
  const parquet = Buffer.from(parquetWriteBuffer({ columnData }));
  const hub = await HubServer.start([{ kind: 'dataset', name: 'facebook/xnli', files: { 'en/validation/0000.parquet': parquet } }]);
  onTestFinished(() => hub.stop());
  await lab.startAgent('lab-a', { config: { capabilities: ['hub'], hub: { endpoint: hub.url } } });
  expect(await lab.grove('model', 'import', await cachedModel(lab))).toMatchObject({ code: 0 });
  const submit = ['submit', 'trtrtx', '--substitute-ep', 'cpu', '--tier', 'smoke', '--launches', '1', '--watch'];
  expect(await lab.grove(...submit)).toMatchObject({ code: 0 });
  const { cells } = await lab.client.matrix();
  expect(cells.flat()[0]?.quality).toMatchObject({ state: 'measured', rows: 10 });
  expect(hub.requests.filter((path) => !path.includes('facebook/xnli'))).toEqual([]);
});

it('refuses an import of what is no model, of an id that is none, and of blobs that were never stored', async ({ lab }) => {
  expect(await lab.grove('model', 'import', lab.folder, '--id', ID)).toMatchObject({
    code: 1,
    err: expect.stringContaining('config.json'),
  });
  expect(await lab.grove('model', 'import', lab.model, '--id', '../x')).toMatchObject({ code: 2, err: expect.stringContaining('--id') });
  expect(await lab.grove('model', 'import', lab.model)).toMatchObject({ code: 2, err: expect.stringContaining('--id') });
  expect(await lab.grove('model', 'import', lab.model, '--id', ID, '--revision', 'main')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--revision takes a commit'),
  });
  for (const wrong of [
    ['--dataset', 'a b'],
    ['--dataset', 'a/b', '--split', 'test[:5]'],
  ])
    expect(await lab.grove('data', 'import', lab.rows, ...wrong)).toMatchObject({ code: 2, err: expect.stringContaining('takes the') });
  expect(await lab.grove('data', 'import', 'absent.jsonl', '--dataset', 'a/b')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no such file'),
  });
  const blob = { sha256: 'a'.repeat(64), sizeBytes: 1 };
  await expect(lab.client.importModel({ modelId: ID, files: { 'config.json': blob } })).rejects.toMatchObject({ code: 'not-found' });
  await expect(lab.client.importData({ dataset: 'a/b', split: 'test', path: 'rows.jsonl', blob })).rejects.toMatchObject({
    code: 'not-found',
  });
});

it.concurrent('shows results of another tool in the matrix, and on their own page, as imported', async ({ lab }) => {
  const file = join(lab.folder, 'results.csv');
  await writeFile(file, 'model,device,device_class,ep,p50_ms\nnet,NPU X,npu,QNNExecutionProvider,5.5\n');
  const answer = await lab.grove('result', 'import', file, '--format', 'csv', '--variant', 'int8');
  expect([answer.code, answer.out]).toEqual([0, expect.stringContaining('1 results imported')]);
  const [cell] = (await lab.client.matrix()).cells.flat();
  expect(cell).toMatchObject({ badges: ['imported'], p50Ms: { value: 5.5, low: null, high: null }, key: { modelId: 'net' } });
  expect(await lab.client.cell(cell?.id ?? '')).toMatchObject({ report: null, lint: [], row: { title: 'int8' } });
  const page = await fetch(`${lab.url}/plain/`, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('imported');
  await writeFile(file, 'model,device,device_class,ep,p50_ms\nnet,NPU X,npu,QNN,5.5\n');
  const wrong = await lab.grove('result', 'import', file, '--format', 'csv');
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('results.csv line 2: ep')]);
  const remove = (...args: readonly string[]) => lab.grove('result', 'remove', ...args);
  expect((await remove('--model', 'net')).err).toContain('--yes');
  expect((await remove('--yes')).code).toBe(2);
  expect(await remove('--model', 'other', '--yes')).toMatchObject({ code: 1, err: expect.stringContaining('other') });
  expect(await remove('--model', 'net', '--dry-run')).toMatchObject({ code: 0, out: expect.stringContaining('NPU X') });
  expect((await lab.grove('result', 'list')).out).toContain('NPU X');
  expect(await remove('--model', 'net', '--ep', 'QNNExecutionProvider', '--yes')).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 result(s) removed.'),
  });
  expect((await lab.client.matrix()).cells.flat()).toEqual([]);
});
