import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { measurementPage, PAGE_PATH } from './measurement-page.ts';

test('docs/measurement.md shows the rates that the recorded launches give (`npm run statistics`)', async () => {
  expect(await readFile(PAGE_PATH, 'utf8')).toBe(await measurementPage());
});
