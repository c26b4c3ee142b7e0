import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiTokens } from '../../coordinator/access/api-tokens.ts';
import { openAccess } from '../rest/farm-access.ts';
import type { FarmServer } from '../rest/farm-server.ts';
import { startSampleFarm } from '../rest/sample-farm.ts';
import { SAMPLE_MATRIX } from '../rest/sample-matrix.ts';
import { seriousFindings } from './support/accessibility.ts';
import { useBrowser } from './support/browser.ts';
import { builtWeb } from './support/web-farm.ts';

/** The application on a farm that wants to know who asks. */

const CELL = SAMPLE_MATRIX.cells.flat().find((cell) => cell?.state === 'ok')?.id ?? '';

let folder: string;
let tokens: ApiTokens;
let server: FarmServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-log-in-'));
  const opened = await openAccess(folder);
  tokens = opened.tokens;
  server = await startSampleFarm({ deps: { ...opened.deps, web: await builtWeb() } });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
const visit = useBrowser(() => server.url, /status of 40[13] /);

const tokenOf = (role: 'viewer' | 'submitter') => tokens.make({ name: 'ann', role, forMs: 3_600_000 }, 'test');

/** A page where somebody has logged in at an address. */
async function loggedIn(path: string, token: string) {
  const { page } = visit();
  await page.goto(server.url + path);
  await page.getByLabel('API token').fill(token);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'log out' }).waitFor();
  return page;
}

describe('a browser that nobody has logged in with', () => {
  it('is asked for a token with the field in focus, and goes on at the page it wanted, live', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/jobs/job2?state=running`);
    await page.locator('#token:focus').waitFor();
    expect(await page.getByText('grove token create').isVisible()).toBe(true);
    await page.keyboard.type((await tokenOf('submitter')).token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('0 of 2 tasks ended').waitFor();
    expect(new URL(page.url()).pathname).toBe('/jobs/job2');
    await page.getByText('ann (submitter)').waitFor();
    await page.getByText('● live').waitFor();
    // Again and again, as agents do: nobody says when the page has begun to listen.
    const publishAndLook = () => {
      server.progress.publish('job2-0', { attempt: 1, stage: 'measure', fraction: 0.5, note: 'launch 3 of 5' });
      return page.getByText('launch 3 of 5').isVisible();
    };
    await expect.poll(publishAndLook, { timeout: 30_000 }).toBe(true);
  });

  it('is told that a token is wrong, and may try again', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/jobs`);
    await page.getByLabel('API token').fill('grove_0000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'does not know this token' }).waitFor();
    await page.locator('#token:focus[aria-invalid=true]').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.type(` ${(await tokenOf('viewer')).token} `);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'job2' }).waitFor();
  });

  it('finds the form from a plain page', async () => {
    const { page } = visit();
    await page.goto(`${server.url}/plain/jobs`);
    await page.getByRole('link', { name: 'Log in' }).click();
    await page.getByLabel('API token').waitFor();
    expect(page.url()).toBe(`${server.url}/jobs`);
  });

  it('shows a form without a serious finding, in light and in dark', async () => {
    const { page } = visit();
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousFindings(page)).toEqual([]);
  });
});

describe('a session', () => {
  it('outlives loading the page again, and ends with logging out', async () => {
    const page = await loggedIn('/jobs', (await tokenOf('viewer')).token);
    await page.reload();
    await page.getByRole('link', { name: 'job2' }).waitFor();
    await page.getByRole('button', { name: 'log out' }).click();
    await page.getByLabel('API token').waitFor();
    await page.reload();
    await page.getByLabel('API token').waitFor();
    expect(await page.getByRole('button', { name: 'log out' }).count()).toBe(0);
  });

  it('that is void leads to the form at the next question', async () => {
    const made = await tokenOf('viewer');
    const page = await loggedIn('/jobs', made.token);
    await tokens.revoke(made.id);
    await page.getByRole('link', { name: 'Fleet' }).click();
    await page.getByLabel('API token').waitFor();
  });

  it('says which role it lacks', async () => {
    const page = await loggedIn(`/cells/${CELL}`, (await tokenOf('viewer')).token);
    await page.getByRole('button', { name: 'Measure again' }).click();
    await page.getByText('needs the role submitter').waitFor();
  });
});
