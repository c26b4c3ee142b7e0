import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FarmServer } from '../rest/farm-server.ts';
import { startSampleFarm } from '../rest/sample-farm.ts';
import { useBrowser } from './support/browser.ts';

/** The plain pages, as a coordinator serves them whose application is not built: the same as below /plain. */

let server: FarmServer;
beforeAll(async () => {
  server = await startSampleFarm();
});
afterAll(() => server.close());
const visit = useBrowser(() => server.url);

describe('the matrix page', () => {
  it('shows a row per recipe and leads to the cell', async () => {
    const { page } = visit();
    await page.goto(server.url);
    expect(await page.title()).toBe('Matrix - Grove');
    expect(await page.locator('table.matrix tbody tr').count()).toBe(5);
    expect(await page.getByText('5.61 ms').isVisible()).toBe(true);
    await page.getByText('5.61 ms').click();
    await page.waitForURL('**/cells/0000000000000001');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('AMD XDNA2 STX');
  });

  it('is styled, in light and in dark', async () => {
    const { page } = visit();
    await page.goto(server.url);
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).not.toBe(light);
  });

  it('keeps its width on a narrow screen: only the table scrolls', async () => {
    const { page } = visit();
    await page.setViewportSize({ width: 400, height: 800 });
    await page.goto(server.url);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  it('is whole without scripts', async () => {
    const plain = await visit().browser.newContext({ javaScriptEnabled: false });
    const silent = await plain.newPage();
    await silent.goto(server.url);
    expect(await silent.getByText('regressed').first().isVisible()).toBe(true);
    await silent.getByText('How to read a cell').click();
    expect(await silent.getByText('heavy nodes ran off the asked execution provider').isVisible()).toBe(true);
    await plain.close();
  });

  it('runs nothing of a hostile device name', async () => {
    const { page } = visit();
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    await page.goto(server.url);
    expect(await page.getByText('<script>alert("x")</script>').filter({ visible: true }).count()).toBeGreaterThan(0);
    expect(dialogs).toBe(0);
  });
});

describe('the cell page', () => {
  it('shows launches, placement, quality and how to measure again', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/cells/0000000000000002`);
    for (const heading of ['Launches', 'Placement', 'Quality', 'Session', 'Provenance', 'Reproduce']) {
      expect(await page.getByRole('heading', { name: heading, exact: true }).isVisible()).toBe(true);
    }
    expect(await page.locator('svg.plot circle').count()).toBe(5);
  });
});

describe('the cell page on a telephone', () => {
  it('keeps its width, and what its plot says can be read', async () => {
    const { page } = visit();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${server.url}/cells/0000000000000001`);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const label = await page.locator('svg.plot text').first().boundingBox();
    const firstMark = await page.locator('svg.plot .spread').first().boundingBox();
    expect(label?.height).toBeGreaterThan(9);
    expect((label?.x ?? 0) + (label?.width ?? 0)).toBeLessThan(firstMark?.x ?? 0);
  });
});

describe('the lists', () => {
  it('show jobs and agents', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/jobs`);
    expect(await page.locator('tbody tr').count()).toBe(2);
    await page.getByRole('link', { name: 'job2' }).click();
    await page.waitForURL('**/jobs/job2');
    expect(await page.locator('tbody tr').count()).toBe(2);
    await page.getByRole('link', { name: 'Agents' }).click();
    await page.waitForURL('**/agents');
    expect(await page.getByText('lab/cpu0').isVisible()).toBe(true);
  });
});

describe('the API reference', () => {
  it('lists every operation from local files', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/docs`);
    await page.getByText('/api/v1/matrix').first().waitFor();
    await expect.poll(() => page.locator('.opblock').count()).toBeGreaterThan(20);
    await page.locator('#operations-jobs-submit').getByRole('button').first().click();
    await page.getByText('Idempotency-Key').first().waitFor();
  });
});
