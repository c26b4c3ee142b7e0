import { parse } from 'csv-parse/sync';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { parquetReadObjects } from 'hyparquet';
import { PDFDocument } from 'pdf-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matrixTsv } from '../../cli/matrix-table.ts';
import { listedCells } from '../../domain/matrix-lists.ts';
import { newTask } from '../conformance/task-store/documents.ts';
import { codeOf } from '../conformance/task-store/farm.ts';
import { type FarmServer, startFarmServer } from './farm-server.ts';
import { rawRequest } from './raw-request.ts';
import { startSampleFarm } from './sample-farm.ts';
import { HOSTILE, SAMPLE_MATRIX, SAMPLE_REPORT } from './sample-matrix.ts';

let server: FarmServer;

beforeAll(async () => {
  server = await startSampleFarm();
});
afterAll(() => server.close());

const CELLS = listedCells(SAMPLE_MATRIX);

describe('exports, each read by another reader', () => {
  it('CSV has one record a cell', async () => {
    const text = await server.client.matrixText('csv');
    const records: readonly Record<string, string>[] = parse(text, { columns: true });
    expect(records.map(({ cellId, state }) => [cellId, state])).toEqual(CELLS.map(({ cell }) => [cell.id, cell.state]));
    expect(Number(records[0]?.['p50Ms'])).toBe(5.614);
    expect(Number(records[0]?.['ratio'])).toBe(1.08);
    expect(records.some(({ deviceModel }) => deviceModel === HOSTILE)).toBe(true);
  });

  it('tab-separated text has one line a cell', () => {
    const records: readonly Record<string, string>[] = parse(matrixTsv(SAMPLE_MATRIX), { columns: true, delimiter: '\t', quote: false });
    expect(records.map(({ cell, state }) => [cell, state])).toEqual(CELLS.map(({ cell }) => [cell.id, cell.state]));
    expect(records[0]).toMatchObject({ latency: '5.61 ms ±1.1%', ratio: '1.08x [1.05-1.11] to baseline' });
  });

  it('JUnit has one test case a cell, with what is wrong', async () => {
    const text = await server.client.matrixText('junit');
    expect(XMLValidator.validate(text)).toBe(true);
    const list = ['testsuite', 'testcase'];
    const document = new XMLParser({ ignoreAttributes: false, isArray: (name) => list.includes(name) }).parse(text);
    const suites: readonly Record<string, unknown>[] = document.testsuites.testsuite;
    const cases = suites.flatMap((suite) => (Array.isArray(suite['testcase']) ? suite['testcase'] : []));
    expect(cases).toHaveLength(CELLS.length);
    const failed = cases.filter((one) => one.failure !== undefined || one.error !== undefined);
    expect(failed.map((one) => (one.failure ?? one.error)['@_type']).sort()).toEqual(
      ['exception', 'failed', 'fell-back', 'quality', 'regressed'].sort(),
    );
    expect(suites.reduce((sum, suite) => sum + Number(suite['@_failures']), 0)).toBe(4);
    expect(cases.some((one) => String(one['@_name']).startsWith(HOSTILE))).toBe(true);
  });

  it('HTML stands alone: nothing is loaded', async () => {
    const { text, headers } = await rawRequest(server.url, '/api/v1/matrix?format=html', { headers: { accept: 'text/html' } });
    expect(text).toContain('<style>');
    expect(text).not.toMatch(/<link|<script|src=|url\(/);
    expect(headers['content-security-policy']).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });
});

describe('lists', () => {
  it('are asked for by name, and are on the page', async () => {
    const { client } = server;
    const { cells } = await client.matrixList('regressed');
    expect(cells.map(({ cell }) => cell.state)).toEqual(['regressed']);
    expect((await client.matrixList('newly-failing', 30)).cells).toHaveLength(2);
    expect(await codeOf(client.matrixList('new', -1))).toBe('invalid-request');
    const { text } = await rawRequest(server.url, '/', { headers: { accept: 'text/html' } });
    expect(text).toMatch(/<h2>To look at<\/h2>.*newly failing \(1\).*fallback changed \(1\)/s);
  });
});

it('tells a reader who has the matrix that nothing has changed', async () => {
  const first = await fetch(`${server.url}/api/v1/matrix`);
  expect(await first.json()).toEqual(SAMPLE_MATRIX);
  const etag = first.headers.get('etag') ?? '';
  const again = await fetch(`${server.url}/api/v1/matrix`, { headers: { 'if-none-match': etag } });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const other = await fetch(`${server.url}/api/v1/matrix`, { headers: { 'if-none-match': 'W/"another"' } });
  expect(other.status).toBe(200);
});

describe('files', () => {
  it('Parquet has one row a cell, over the API as from the renderer', async () => {
    const bytes = await server.client.matrixParquet();
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    expect(rows.map(({ cellId, state }) => [cellId, state])).toEqual(CELLS.map(({ cell }) => [cell.id, cell.state]));
  });

  it('a cell has a page of A4', async () => {
    const cellId = CELLS[0]?.cell.id ?? '';
    expect((await PDFDocument.load(await server.client.cellPdf(cellId))).getPageCount()).toBe(1);
    expect(await codeOf(server.client.cellPdf('0'.repeat(16)))).toBe('not-found');
  });

  it('a cell has every raw sample that was kept', async () => {
    const farm = await startFarmServer({ matrix: SAMPLE_MATRIX });
    try {
      const samples = await farm.artifacts.put(Buffer.from(Float64Array.of(5.5, 5.7).buffer));
      const report = { ...SAMPLE_REPORT, artifacts: { 'samples/launch-0.f64': samples } };
      await farm.farm.submit([newTask('job1-0')]);
      await farm.farm.hello('lab');
      await farm.farm.complete(await farm.farm.run('lab'), { state: 'completed', result: { kind: 'benchmark', report } });
      const bytes = await farm.client.cellSamples(CELLS[0]?.cell.id ?? '');
      const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
      expect(rows.map(({ launch, run, latencyMs }) => [launch, run, latencyMs])).toEqual([
        [0, 0, 5.5],
        [0, 1, 5.7],
      ]);
    } finally {
      await farm.close();
    }
  });
});
