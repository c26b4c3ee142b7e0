import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FarmServer } from '../rest/farm-server.ts';
import { startSampleFarm } from '../rest/sample-farm.ts';
import { SAMPLE_MATRIX } from '../rest/sample-matrix.ts';
import { seriousFindings } from './support/accessibility.ts';
import { useBrowser } from './support/browser.ts';
import { builtWeb } from './support/web-farm.ts';

const RECIPE = 'ms-marco-MiniLM-L-6-v2/ms-marco-MiniLM-L-6-v2_trtrtx.json';
const idOf = (state: string) => SAMPLE_MATRIX.cells.flat().find((cell) => cell?.state === state)?.id ?? '';

let server: FarmServer;
beforeAll(async () => {
  server = await startSampleFarm({ deps: { web: await builtWeb() } });
});
afterAll(() => server.close());
const visit = useBrowser(() => server.url);

describe('a cell', () => {
  it('opens with what changed since it was good', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/cells/${idOf('fell-back')}`);
    await page.getByRole('heading', { name: 'Changed since last good' }).waitFor();
    expect(await page.getByRole('heading', { level: 2 }).first().innerText()).toBe('Changed since last good');
    expect(await page.getByText('1.29.0').isVisible()).toBe(true);
    for (const name of [
      'Launches',
      'Placement',
      'Quality',
      'Machine while it was measured',
      'Session',
      'History',
      'Provenance',
      'Reproduce',
    ]) {
      expect([name, await page.getByRole('heading', { name, exact: true }).isVisible()]).toEqual([name, true]);
    }
    await page.locator('canvas').first().waitFor();
  });

  it('leads to what it came from', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/cells/${idOf('regressed')}`);
    await page.getByRole('main').getByRole('link', { name: 'Compare', exact: true }).click();
    await page.waitForURL(`**/compare?a=${idOf('regressed')}`);
    await page.goBack();
    await page.getByRole('heading', { name: 'Provenance' }).waitFor();
    expect(await page.getByText('grove submit qdq_amd').isVisible()).toBe(true);
  });

  it('says that it does not exist', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/cells/${'f'.repeat(16)}`);
    await page.getByText('There is no cell').waitFor();
    expect(await page.getByText('not-found').isVisible()).toBe(true);
  });
});

describe('jobs', () => {
  it('lead to their tasks, and a task to its log as it grows', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/jobs`);
    await page.getByRole('link', { name: 'job2' }).click();
    await page.waitForURL('**/jobs/job2');
    await page.getByText('0 of 2 tasks ended').waitFor();
    server.logs.append('job2-0', 1, { sequence: 0, text: 'the first line\n' });
    await page.getByRole('button', { name: 'log' }).click();
    await page.getByText('the first line').waitFor();
    server.logs.append('job2-0', 1, { sequence: 1, text: 'the second line\n' });
    await page.getByText('the second line').waitFor();
  });

  it('show the stage of a task as its agent tells', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/jobs/job2`);
    await page.getByText('0 of 2 tasks ended').waitFor();
    // Again and again, as agents do: nobody says when the page has begun to listen.
    const publishAndLook = () => {
      server.progress.publish('job2-0', { attempt: 1, stage: 'measure', fraction: 0.5, note: 'launch 3 of 5' });
      return page.getByText('measure 50 %').isVisible();
    };
    await expect.poll(publishAndLook, { timeout: 30_000 }).toBe(true);
    await page.getByText('launch 3 of 5').waitFor();
  });
});

describe('the other pages', () => {
  it('show machines, recipes and two cells side by side', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/agents`);
    await page.getByText('lab/cpu0').first().waitFor();
    await page.getByRole('link', { name: 'Recipes' }).click();
    await page.getByRole('link', { name: 'trtrtx' }).click();
    await page.getByText('surgery-after-float16').waitFor();
    expect(await page.getByRole('link', { name: 'Download' }).getAttribute('download')).toBe('ms-marco-MiniLM-L-6-v2_trtrtx.json');
    await page.goto(`${server.url}/compare?a=${idOf('ok')}&b=${idOf('noisy')}`);
    await page.getByText('1.04x [0.97-1.11]').waitFor();
  });

  it('submit a recipe and lead to its job', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/submit?recipe=${encodeURIComponent(RECIPE)}`);
    expect(await page.getByLabel('trtrtx').isChecked()).toBe(true);
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.waitForURL('**/jobs/j-*');
    await page.getByText('0 of 1 tasks ended').waitFor();
  });
});

describe('a farm that asks nobody', () => {
  it('shows nothing of logging in or out', async () => {
    const { page } = visit();
    const caller = page.waitForResponse('**/api/v1/session');
    await page.goto(server.url);
    expect((await caller).status()).toBe(200);
    await page.getByText('● live').waitFor();
    expect(await page.getByText(/log (?:in|out)/i).count()).toBe(0);
  });
});

describe('accessibility', () => {
  const pages = [
    ...[
      '/',
      '/?cells=compact',
      `/cells/${idOf('fell-back')}`,
      '/jobs',
      '/jobs/job2',
      '/agents',
      '/recipes',
      `/recipes/${encodeURIComponent(RECIPE)}`,
    ],
    ...['/submit', `/compare?a=${idOf('ok')}&b=${idOf('noisy')}`],
  ];

  it.each(pages)('has no serious finding on %s, in light and in dark', async (path) => {
    const { page } = visit();
    await page.goto(server.url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText(/^Reading /).waitFor({ state: 'detached' });
    expect(await seriousFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousFindings(page)).toEqual([]);
  });
});
