import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Matrix } from '../../domain/matrix.ts';
import { type FarmServer, startFarmServer } from '../rest/farm-server.ts';
import { SAMPLE_MATRIX } from '../rest/sample-matrix.ts';
import { useBrowser } from './support/browser.ts';
import { builtWeb } from './support/web-farm.ts';

const SIDE = 100;

/** The sample's regressed cell a hundred times a hundred, each with a number of its own. */
function largeMatrix(): Matrix {
  const [row] = SAMPLE_MATRIX.rows;
  const [column] = SAMPLE_MATRIX.columns;
  const cell = SAMPLE_MATRIX.cells[0]?.[0];
  if (row === undefined || column === undefined || cell == null) throw new Error('the sample has no first cell');
  const indices = Array.from({ length: SIDE }, (_, index) => index);
  return {
    ...SAMPLE_MATRIX,
    rows: indices.map((index) => ({ ...row, modelId: `org/model-${index % 10}`, recipeId: `set/recipe-${index}.json` })),
    columns: indices.map((index) => ({ ...column, id: `device-${index}`, deviceModel: `Device ${index}` })),
    cells: indices.map((r) =>
      indices.map((c) => ({
        ...cell,
        id: (r * SIDE + c).toString(16).padStart(16, '0'),
        p50Ms: { value: 1 + r + c / 1_000, low: null, high: null },
      })),
    ),
  };
}

let server: FarmServer;
beforeAll(async () => {
  server = await startFarmServer({ matrix: largeMatrix(), deps: { web: await builtWeb() } });
});
afterAll(() => server.close());
const visit = useBrowser(() => server.url);

describe('a matrix of 10,000 cells', () => {
  it('draws what is in view, wherever the reader goes', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByText('All 10000 cells').waitFor();
    expect(await page.getByRole('gridcell').count()).toBeLessThan(400);
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await page.getByRole('columnheader', { name: 'Device 99' }).waitFor();
    await page.getByLabel('Group by').selectOption('none');
    await page.evaluate('document.querySelector("[role=grid]").scrollTo(0, 1e6)');
    await page.getByRole('rowheader', { name: 'recipe-99' }).waitFor();
    expect(await page.getByRole('gridcell').count()).toBeLessThan(400);
  });

  it('finds one of them', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByLabel('Search').fill('recipe-42 device 77');
    await page.getByRole('columnheader', { name: 'Device 77' }).waitFor();
    await page.getByText('43.1 ms').first().click();
    await page.waitForURL(`**/cells/${(42 * SIDE + 77).toString(16).padStart(16, '0')}`);
  });
});
