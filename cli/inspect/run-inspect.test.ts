import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { richModel } from '../../engine/onnx/models.cases.ts';
import { encodeModel } from '../../engine/onnx/write.ts';
import { RecordingTerminal } from '../terminal.cases.ts';
import { runInspect } from './run-inspect.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-run-inspect-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function inspect(output: 'table' | 'json'): Promise<string> {
  await writeFile(join(folder, 'model.onnx'), encodeModel(richModel()));
  const terminal = new RecordingTerminal();
  await runInspect(folder, { output }, { terminal, env: {}, exit: () => undefined, interrupted: new AbortController().signal });
  return terminal.written;
}

it('prints a page that a person reads', async () => {
  const text = await inspect('table');
  expect(text).toContain('made by test 1, IR version 9, opsets ai.onnx 20, test.domain 1');
  expect(text).toContain('2 nodes, 2 more in bodies');
  expect(text).toMatch(/^x +float +\[batch, 3, \?\]$/m);
  expect(text).toMatch(/^y +float +unknown rank$/m);
  expect(text).toMatch(/^test\.domain::Everything +1$/m);
  expect(text).toContain('computes in: no matrix product, convolution or attention');
  expect(text).toContain('structure: sound');
});

it('prints everything as JSON', async () => {
  expect(JSON.parse(await inspect('json'))).toMatchObject({ path: join(folder, 'model.onnx'), operators: { Mul: 2 } });
});
