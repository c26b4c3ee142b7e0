import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

/** A page of a browser that a test drives, and what it must not do behind the test's back. */
export interface Visit {
  readonly page: Page;
  readonly browser: Browser;
}

/** What the page says is not stored (any more) when the farm answers 404; the console tells of it too. */
const MAY_BE_GONE = /\/api\/v1\/(?:artifacts|cells\/f{16}|tasks\/c-)/;

/**
 * A fresh page for each test of a file. After each, the page must have been quiet in the console and have asked nobody but `origin()`.
 *
 * @param refusals what the console says of answers that the tests of this file ask for.
 */
export function useBrowser(origin: () => string, refusals?: RegExp): () => Visit {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let asked: URL[];
  beforeAll(async () => {
    // A container's root has no user namespace for Chromium's sandbox; the pages are our own.
    browser = await chromium.launch({
      executablePath: process.env['GROVE_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking'],
    });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    page = await context.newPage();
    complaints = [];
    asked = [];
    page.on('console', (message) => {
      const isComplaint = message.type() === 'error' || message.type() === 'warning';
      const isAskedFor = MAY_BE_GONE.test(message.location().url) || refusals?.test(message.text()) === true;
      if (isComplaint && !isAskedFor) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    // What a page gave up itself, because it was left or asks for something newer, did not fail.
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed`);
    });
    page.on('request', (request) => asked.push(new URL(request.url())));
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
    const elsewhere = asked.filter((url) => url.protocol !== 'data:' && url.origin !== origin());
    expect(elsewhere.map(String)).toEqual([]);
  });
  return () => ({ page, browser });
}
