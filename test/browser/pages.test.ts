import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FarmServer } from '../rest/farm-server.ts';
import { startSampleFarm } from '../rest/sample-farm.ts';

let browser: Browser;
let server: FarmServer;

beforeAll(async () => {
  server = await startSampleFarm();
  // A container's root has no user namespace for Chromium's sandbox; the pages are our own.
  browser = await chromium.launch({
    executablePath: process.env['GROVE_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

let page: Page;
let complaints: string[];
let asked: URL[];

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  complaints = [];
  asked = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('request', (request) => asked.push(new URL(request.url())));
});

/** Every page must be quiet in the console and need nothing but the coordinator. */
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
  const elsewhere = asked.filter(({ protocol, origin }) => protocol !== 'data:' && origin !== server.url);
  expect(elsewhere.map(String)).toEqual([]);
});

describe('the matrix page', () => {
  it('shows a row per recipe and leads to the cell', async () => {
    await page.goto(server.url);
    expect(await page.title()).toBe('Matrix - Grove');
    expect(await page.locator('table.matrix tbody tr').count()).toBe(5);
    expect(await page.getByText('5.61 ms').isVisible()).toBe(true);
    await page.getByText('5.61 ms').click();
    await page.waitForURL('**/cells/0000000000000001');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('AMD XDNA2 STX');
  });

  it('is styled, in light and in dark', async () => {
    await page.goto(server.url);
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).not.toBe(light);
  });

  it('keeps its width on a narrow screen: only the table scrolls', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    await page.goto(server.url);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  it('is whole without scripts', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const silent = await plain.newPage();
    await silent.goto(server.url);
    expect(await silent.getByText('regressed').first().isVisible()).toBe(true);
    await silent.getByText('How to read a cell').click();
    expect(await silent.getByText('heavy nodes ran off the asked execution provider').isVisible()).toBe(true);
    await plain.close();
  });

  it('runs nothing of a hostile device name', async () => {
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
    await page.goto(`${server.url}/cells/0000000000000002`);
    for (const heading of ['Launches', 'Placement', 'Quality', 'Session', 'Provenance', 'Reproduce']) {
      expect(await page.getByRole('heading', { name: heading, exact: true }).isVisible()).toBe(true);
    }
    expect(await page.locator('svg.plot circle').count()).toBe(5);
  });
});

describe('the cell page on a telephone', () => {
  it('keeps its width, and what its plot says can be read', async () => {
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
    await page.goto(`${server.url}/docs`);
    await page.getByText('/api/v1/matrix').first().waitFor();
    expect(await page.locator('.opblock').count()).toBeGreaterThan(20);
    await page.locator('#operations-jobs-submit').getByRole('button').first().click();
    await page.getByText('Idempotency-Key').first().waitFor();
  });
});
