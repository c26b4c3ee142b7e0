import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderMarkdown } from '../../coordinator/matrix/renderers/markdown.ts';
import { renderMatrixPage } from '../../coordinator/matrix/renderers/matrix-page.ts';
import { cellStateSchema } from '../../domain/cell-state.ts';
import { matrixSchema } from '../../domain/matrix.ts';
import { STATE_SIGNS } from '../../domain/matrix-text.ts';
import { EMPTY_MATRIX, type FarmServer } from './farm-server.ts';
import { rawRequest } from './raw-request.ts';
import { startSampleFarm } from './sample-farm.ts';
import { HOSTILE, SAMPLE_MATRIX } from './sample-matrix.ts';

let server: FarmServer;

beforeAll(async () => {
  server = await startSampleFarm();
});
afterAll(() => server.close());

const get = async (path: string, accept = 'text/html') => rawRequest(server.url, path, { headers: { accept } });

describe('the sample', () => {
  it('is a valid matrix with every state', () => {
    matrixSchema.parse(SAMPLE_MATRIX);
    const states = new Set(SAMPLE_MATRIX.cells.flat().map((cell) => cell?.state));
    expect(cellStateSchema.options.filter((state) => !states.has(state))).toEqual([]);
  });
});

describe('pages', () => {
  it('are HTML with a policy that runs nothing inline', async () => {
    for (const path of ['/', '/jobs', '/jobs/job2', '/agents', '/docs/', '/cells/0000000000000001']) {
      const answer = await get(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers['content-type']).toContain('text/html');
      expect(answer.headers['content-security-policy']).toContain("script-src 'self';");
      expect(answer.text).not.toMatch(/<script(?! src="\/docs)|<style|\sstyle=|\son\w+=/);
    }
  });

  it('escape names that would be markup', async () => {
    for (const path of ['/', '/cells/0000000000000001', '/cells/000000000000000d']) expect((await get(path)).text).not.toContain(HOSTILE);
    expect((await get('/')).text).toContain('&lt;script&gt;alert(&quot;x&quot;)');
  });

  it('show every state by sign and word', async () => {
    const { text } = await get('/');
    for (const { sign, label } of Object.values(STATE_SIGNS)) expect(text).toContain(`<span aria-hidden="true">${sign}</span> ${label}`);
  });

  it('show launches, raw samples and the command that measures again', async () => {
    const { text } = await get('/cells/0000000000000001');
    expect(text).toContain(`/api/v1/artifacts/${'a'.repeat(64)}`);
    expect(text).toContain('grove submit qdq_amd');
    expect(text).toContain('32.4 ms');
  });

  it('begin with what changed since a bad cell was good, and end with its history', async () => {
    const { id } = SAMPLE_MATRIX.cells.flat().find((cell) => cell?.state === 'fell-back') ?? { id: '' };
    const { text } = await get(`/cells/${id}`);
    expect(text).toMatch(
      /<h2>Changed since last good<\/h2>.*2026-11-03.*Environment<\/dt><dd>9c1e00000000 became aaaaaaaaaaaa.*ONNX Runtime<\/dt><dd>1\.29\.0 became 1\.30\.0/s,
    );
    expect(text).toContain('<h2>History</h2>');
    expect(text).not.toContain(HOSTILE);
    expect((await get('/cells/0000000000000001')).text).toMatch(/Compared with its pinned baseline.*1\.08x \[1\.05-1\.11\].*p = 0\.0004/s);
  });

  it('show what people have said about a cell, who and when', async () => {
    const { text } = await get('/cells/0000000000000001');
    expect(text).toMatch(/<th scope="row">baseline<\/th><td>release 4<\/td><td>ann<\/td><td><time datetime="2026-11-14T09:30/);
    expect(text).toMatch(/<th scope="row">acknowledged<\/th><td>regressed: &lt;script&gt;/);
  });

  it('show quality, ranking and goals in words and signs', async () => {
    const { text } = await get('/cells/0000000000000001');
    for (const part of [
      '✓ agreement of scores 0.9989, at least 0.95 (default bound)',
      'MRR@10</th><td>0.602</td><td>0.604</td><td>-0.0021',
    ])
      expect(text).toContain(part);
    expect(text).toContain('122 queries, 1126 candidates; 4 queries of one candidate left out');
    expect(text).toContain('2 further outputs not compared');
    expect(text).toContain('at most 29.97 ms: percent-min-improvement 0.1 over 30 ms, baseline: fp32 export');
    expect(text).toContain('✗ missed</span>');
    expect(text).toContain('? unresolved</span> <span class="muted">Grove does not compute perplexity');
    const matrix = (await get('/')).text;
    for (const part of ['logit diff 0.012', 'top-1 98% MRR@10 0.602 (reference 0.604)', 'goal latency-avg ✓ met'])
      expect(matrix).toContain(part);
    expect((await get('/jobs/job1')).text).toContain('top-1 98% MRR@10 0.602 (reference 0.604), goals ✗ 1 missed ? 1 unresolved');
  });

  it('show a recipe of the catalogue with its lint, what to do about it, its passes and its file', async () => {
    const id = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';
    const { status, text } = await get(`/recipes/${encodeURIComponent(id)}`);
    expect(status).toBe(200);
    for (const part of [
      '$.passes.surgery.surgeries[0]',
      'surgery-after-float16',
      'Put it before the float16 conversion',
      'OnnxFloatToFloat16',
      '&quot;input_model&quot;',
    ])
      expect(text).toContain(part);
    expect((await get('/recipes/nothing')).status).toBe(404);
  });

  it('lead from a row of the matrix to its recipe, unless that was submitted as a file', async () => {
    const { text } = await get('/');
    for (const { recipeId } of SAMPLE_MATRIX.rows) {
      const [id = ''] = recipeId.split(' ');
      expect(text.includes(`href="/recipes/${encodeURIComponent(id)}"`)).toBe(!id.startsWith('adhoc:'));
    }
  });

  it('reload by themselves only when asked', async () => {
    expect((await get('/')).text).not.toContain('http-equiv="refresh"');
    expect((await get('/?refresh=5')).text).toContain('<meta http-equiv="refresh" content="5">');
    expect((await get('/?refresh=0')).status).toBe(400);
  });

  it('are pages also when they fail, and problems for programs', async () => {
    const page = await get('/cells/ffffffffffffffff');
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(page.text).toContain('There is no cell');
    expect((await get('/cells/ffffffffffffffff', 'application/json')).headers['content-type']).toContain('problem+json');
  });

  it('invite to submit when nothing was measured', () => {
    expect(renderMatrixPage(EMPTY_MATRIX)).toContain('grove submit');
    expect(renderMarkdown(EMPTY_MATRIX)).toContain('Nothing has been measured');
  });
});

describe('the matrix route', () => {
  it('answers JSON unless the client prefers something else', async () => {
    expect(await server.client.matrix()).toEqual(SAMPLE_MATRIX);
    expect((await get('/api/v1/matrix', '*/*')).headers['content-type']).toContain('application/json');
    expect((await get('/api/v1/matrix', 'text/markdown')).headers['content-type']).toContain('text/markdown');
    expect(await server.client.matrixText('html')).toContain('<!doctype html>');
  });

  it('answers one cell with its report', async () => {
    const view = await server.client.cell('0000000000000001');
    expect(view.row.title).toBe('QDQ for AMD NPU');
    expect(view.report?.launches).toHaveLength(5);
  });

  it('renders Markdown whose tables no name can break', async () => {
    const text = await server.client.matrixText('md');
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(7);
    // Six columns: seven bars that are not escaped.
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(7);
    expect(text).toContain('**5.61 ms ±1.1%** ▲ regressed<br>1.08x \\[1.05-1.11\\]');
    expect(text).not.toContain('<script>');
  });
});
