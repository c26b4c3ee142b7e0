import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FarmServer } from '../rest/farm-server.ts';
import { startSampleFarm } from '../rest/sample-farm.ts';
import { HOSTILE } from '../rest/sample-matrix.ts';
import { useBrowser } from './support/browser.ts';
import { builtWeb } from './support/web-farm.ts';

let server: FarmServer;
beforeAll(async () => {
  server = await startSampleFarm({ deps: { web: await builtWeb() } });
});
afterAll(() => server.close());
const visit = useBrowser(() => server.url);

describe('the matrix', () => {
  it('shows a row per recipe and leads to the cell', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByRole('rowheader', { name: 'qdq_amd' }).waitFor();
    expect(await page.title()).toBe('Matrix - Grove');
    await page.getByText('All 13 cells').waitFor();
    await expect.poll(() => page.getByRole('rowheader').count()).toBe(6);
    await page.getByText('5.61 ms').click();
    await page.waitForURL('**/cells/0000000000000001');
  });

  it('filters by word, state and list, and keeps the choice in the address', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByLabel('Search').fill('qualcomm fell');
    await page.getByText('1 of 13 cells').waitFor();
    expect(new URL(page.url()).search).toBe('?q=qualcomm+fell');
    await page.getByRole('button', { name: 'Show everything' }).click();
    await page.getByRole('button', { name: /noisy/ }).click();
    await page.waitForURL('**/?state=noisy');
    await page.reload();
    await page.getByText('1 of 13 cells').waitFor();
    expect(await page.getByRole('button', { name: /noisy/ }).getAttribute('aria-pressed')).toBe('true');
    await page.goto(`${server.url}/?list=regressed`);
    await page.getByText('1 of 13 cells').waitFor();
    await page.getByText('5.61 ms').waitFor();
  });

  it('orders rows by the latency on a device, either way', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/?group=none`);
    const names = async () => (await page.getByRole('rowheader').locator('strong').allInnerTexts()).slice(0, 3).join(' ');
    await page.getByRole('columnheader', { name: /EPYC/ }).getByRole('button').click();
    await page.waitForURL('**/?group=none&sort=*');
    await expect.poll(names).toBe('trtrtx qdq_amd qdq_qnn');
    await page.getByRole('columnheader', { name: /EPYC/ }).getByRole('button').click();
    await page.waitForURL('**/?group=none&sort=-*');
    await expect.poll(names).toBe('qdq_qnn qdq_amd trtrtx');
  });

  it('is walked through and opened with keys alone', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByRole('grid').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cells/0000000000000004');
    await page.goto(server.url);
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('s');
    await page.waitForURL('**/?sort=*');
    await page.goto(server.url);
    await page.getByRole('grid').waitFor();
    // Again and again: the grid is there before the page listens to keys.
    const pressAndLook = async () => {
      await page.keyboard.press('/');
      return page.evaluate('document.activeElement.type');
    };
    await expect.poll(pressAndLook, { timeout: 30_000 }).toBe('search');
    await page.keyboard.type('dml');
    await page.waitForURL('**/?q=dml');
  });

  it('is another in dark, chosen by the system or by the reader', async () => {
    const { page } = visit();
    await page.goto(server.url);
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.getByLabel('Colours').selectOption('light');
    await expect.poll(background).toBe(light);
    await page.reload();
    await expect.poll(background).toBe(light);
  });

  it('keeps its width on a telephone: only the grid scrolls', async () => {
    const { page } = visit();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(server.url);
    await page.getByRole('grid').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  it('runs nothing of a hostile device name', async () => {
    const { page } = visit();
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    await page.goto(server.url);
    await page.getByText(HOSTILE).first().waitFor();
    expect(dialogs).toBe(0);
  });

  it('leads readers without scripts to the plain page of the same address', async () => {
    const plain = await visit().browser.newContext({ javaScriptEnabled: false });
    const silent = await plain.newPage();
    await silent.goto(`${server.url}/cells/0000000000000001`);
    await silent.waitForURL('**/plain/cells/0000000000000001');
    expect(await silent.getByRole('heading', { name: 'Reproduce' }).isVisible()).toBe(true);
    await plain.close();
  });
});
