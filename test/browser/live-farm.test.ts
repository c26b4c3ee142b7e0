import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, RECIPE } from '../support/lab.ts';
import { useBrowser } from './support/browser.ts';

/** A real farm with a real agent: needs a build. */
let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
  await lab.startCoordinator();
  await lab.startAgent('lab-1');
});
afterAll(() => lab.close());
const visit = useBrowser(() => lab.url);

describe('a farm that works', () => {
  it('is followed from the submit to the cell without loading a page again', { timeout: 240_000 }, async () => {
    const { page } = visit();
    await page.goto(lab.url);
    await page.getByText('Nothing measured yet').waitFor();
    const answer = await lab.grove('submit', RECIPE, ...lab.sources());
    expect([answer.code, answer.err]).toEqual([0, '']);
    await page.getByRole('row', { name: /trtrtx/ }).waitFor({ timeout: 60_000 });
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByRole('link', { name: /^j-/ }).click();
    await page.getByText('2 of 2 tasks ended').waitFor({ timeout: 180_000 });
    await page.getByRole('button', { name: 'log' }).last().click();
    await page.getByText('The attempt has ended.').waitFor();
    await page.getByRole('link', { name: 'Matrix' }).click();
    await page.getByRole('grid').getByRole('link', { name: /ms/ }).first().click();
    await page.locator('.charts canvas').first().waitFor();
    expect(await page.locator('.charts canvas').count()).toBe(3);
    await page.getByRole('button', { name: 'Measure again' }).click();
    await page.waitForURL('**/jobs/j-*');
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
  });
});
