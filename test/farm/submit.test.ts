import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellView } from '../../api/matrix.ts';
import type { Matrix } from '../../domain/matrix.ts';
import { sha256 } from '../../platform/sha256.ts';
import { badgesOfTheJob } from '../support/badges.ts';
import type { Finished } from '../support/grove-process.ts';
import { Lab, RECIPE } from '../support/lab.ts';

/** The only cell of a farm that has run one recipe. */
async function onlyCell(lab: Lab): Promise<CellView> {
  const { cells } = await lab.client.matrix();
  const [cell, ...others] = cells.flat().filter((found) => found !== null);
  expect(others).toEqual([]);
  return lab.client.cell(cell?.id ?? '');
}

async function rawSamples(lab: Lab, sha: string): Promise<readonly number[]> {
  const response = await lab.client.artifact(sha);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(sha256(bytes)).toBe(sha);
  expect(bytes.length % 8).toBe(0);
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readDoubleLE(index * 8));
}

describe('submit of the TensorRT-RTX recipe on the CPU', () => {
  let lab: Lab;
  let answer: Finished;

  beforeAll(async () => {
    lab = await Lab.open();
    await lab.startCoordinator();
    await lab.startAgent('lab-a');
    answer = await lab.grove('submit', RECIPE, ...lab.sources(), '--watch');
  });
  afterAll(() => lab.close());

  it('prints tasks, machines and an estimate first, and ends with 0', () => {
    expect(answer).toMatchObject({ code: 0 });
    expect(answer.out).toMatch(/convert +trtrtx .* lab-a\/cpu0/);
    expect(answer.out).toMatch(/benchmark +trtrtx +CPUExecutionProvider .* lab-a\/cpu0/);
    expect(answer.out.indexOf('Estimated time:')).toBeLessThan(answer.out.search(/^job j-/m));
    expect(answer.out).toContain('benchmark trtrtx: done');
  });

  it('makes a cell with launches, interval, placement, quality and badges', async () => {
    const { cell, row, column } = await onlyCell(lab);
    expect(['ok', 'noisy']).toContain(cell.state);
    expect(badgesOfTheJob(cell.badges)).toEqual(['substituted', 'local-data']);
    expect(cell).toMatchObject({ launches: 5, epTimeShare: 1, units: ['lab-a/cpu0'] });
    expect(cell.samplesPerLaunch).toBeGreaterThanOrEqual(64);
    expect(cell.p50Ms?.low).toBeLessThanOrEqual(cell.p50Ms?.value ?? 0);
    expect(cell.p50Ms?.high).toBeGreaterThanOrEqual(cell.p50Ms?.value ?? Number.POSITIVE_INFINITY);
    expect(cell.quality).toMatchObject({
      state: 'measured',
      rows: 10,
      passed: true,
      bound: { metric: 'cosine', min: 0.999, isDefault: false },
    });
    expect(cell.quality).toHaveProperty('cosineMin', expect.closeTo(1, 2));
    expect(cell.olive).toHaveProperty('latency-avg.unit', 'ms');
    expect(row).toMatchObject({ recipeId: RECIPE, title: 'FP16 for NVIDIA TensorRT-RTX' });
    expect(column).toMatchObject({ executedEp: 'CPUExecutionProvider', tier: 'smoke', emulated: false });
  });

  it('proves which execution provider ran which node', async () => {
    const { report } = await onlyCell(lab);
    expect(report?.placement).toMatchObject({ heavyNodesElsewhere: 0, fellBack: false, partial: false, elsewhere: [] });
    expect(report?.placement.heavyNodes).toBeGreaterThan(0);
    expect(Object.keys(report?.placement.byEp ?? {})).toEqual(['CPUExecutionProvider']);
  });

  it('keeps every raw sample of every launch as an artifact', async () => {
    const { report } = await onlyCell(lab);
    expect(report?.launches).toHaveLength(5);
    for (const launch of report?.launches ?? []) {
      const samples = await rawSamples(lab, report?.artifacts[launch.samplesPath]?.sha256 ?? '');
      expect(samples).toHaveLength(launch.sampleCount);
      expect(Math.min(...samples)).toBe(launch.minMs);
      expect(Math.max(...samples)).toBe(launch.maxMs);
    }
  });

  it('gives a command that measures the cell again', async () => {
    const { cell } = await onlyCell(lab);
    const words = cell.reproduce.replace('FOLDER', lab.model).replace('FILE', lab.rows).split(' ');
    expect(words.shift()).toBe('grove');
    const again = await lab.grove(...words.filter((word) => word !== '--watch'), '--dry-run', '-o', 'json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({
      plan: { cachedConversions: 1, tasks: [{ kind: 'convert', state: 'completed' }, { kind: 'benchmark' }] },
    });
  });

  it('shows the cell in every format of the matrix', async () => {
    const matrix = await lab.json<Matrix>('matrix', '-o', 'json');
    const p50 = matrix.cells[0]?.[0]?.p50Ms?.value ?? Number.NaN;
    const table = await lab.grove('matrix');
    const markdown = await lab.grove('matrix', '-o', 'md');
    const page = await (await fetch(`${lab.url}/plain/`)).text();
    for (const text of [table.out, markdown.out, page]) {
      expect(text).toContain(p50.toPrecision(3));
      expect(text).toContain('substituted');
    }
  });
});

const data = process.env['GROVE_TEST_DATA'];
if (data !== undefined && data !== '') {
  describe('submit on the trained cross-encoder', () => {
    let lab: Lab;
    const model = ['--model', join(data, 'tiny-cross-encoder')];
    const rows = ['--data', `xnli=${join(data, 'xnli-en-validation/xnli.en.validation.jsonl')}`];
    const options = ['--substitute-ep', 'cpu', '--watch'];

    beforeAll(async () => {
      lab = await Lab.open();
      await lab.startCoordinator();
      await lab.startAgent('lab-a');
    });
    afterAll(() => lab.close());

    it('makes an honest cell at the standard tier', async () => {
      const answer = await lab.grove('submit', RECIPE, ...model, ...rows, ...options);
      expect(answer).toMatchObject({ code: 0 });
      const { cell, report } = await onlyCell(lab);
      expect(cell).toMatchObject({ epTimeShare: 1, quality: { state: 'measured', rows: 10, passed: true, logit: null } });
      expect(cell.launches).toBeGreaterThanOrEqual(5);
      expect(cell.samplesPerLaunch).toBeGreaterThanOrEqual(256);
      expect(cell.p50Ms?.low).not.toBeNull();
      expect(cell.reproduce).toContain('--data xnli=FILE');
      expect(report?.tier).toBe('standard');
    }, 240_000);

    it('compares logits when the head is exported', async () => {
      const recipe = join(lab.folder, 'with-head.json');
      const text = await readFile(join(import.meta.dirname, '../../recipes', RECIPE), 'utf8');
      await writeFile(recipe, text);
      const answer = await lab.grove(
        ...['submit', recipe, ...model, ...rows, ...options],
        ...['--task', 'text-classification', '--tier', 'smoke', '--launches', '1'],
      );
      expect(answer).toMatchObject({ code: 0 });
      const { cells } = await lab.client.matrix();
      const logits = cells
        .flat()
        .flatMap((cell) => (cell?.quality?.state === 'measured' && cell.quality.logit !== null ? [cell.quality.logit] : []));
      expect(logits).toHaveLength(1);
      // fp16 moves this model's logits by 0.0002 in the mean and 0.003 at most over its own test pairs.
      expect(logits[0]?.meanAbs).toBeLessThan(0.003);
      expect(logits[0]?.maxAbs).toBeLessThan(0.02);
      expect(logits[0]?.maxAbs).toBeGreaterThan(0);
    });
  });
}
