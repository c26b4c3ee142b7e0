import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());

/** Four recipes, each measured for up to a minute, one after another. */
const DEMO_TIMEOUT_MS = 400_000;

it('starts a farm, runs the catalogue, prints the matrix and where its page is, and ends with 0', {
  timeout: DEMO_TIMEOUT_MS,
}, async () => {
  // Settings of another farm on this machine are none of the demo's.
  const others = { GROVE_CONFIG: '/no/such/file.yaml', GROVE_HOST: '0.0.0.0' };
  const { code, out, err } = await lab.start(['demo', '--model', lab.model], others).finished;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^Farm: http:\/\/127\.0\.0\.1:\d+$/m);
  expect(out).toMatch(/^benchmark trtrtx: done, [\d.]+ ms.*, goal latency-avg/m);
  expect(out).toMatch(/RECIPE.*PUBLISHED/);
  for (const recipe of ['trtrtx', 'qdq_amd', 'qdq_qnn', 'context_ov_static', 'dml']) expect(out).toContain(recipe);
  expect(out).toContain('substituted');
  expect(out).toMatch(/^[1-5] recipe\(s\) measured, [0-4] not supported yet \(the matrix says why\), 0 failed\.$/m);
  const page = /^Matrix page: .* kept as (file:\S+)$/m.exec(out)?.[1] ?? '';
  expect(await readFile(fileURLToPath(page), 'utf8')).toContain('<table');
});
