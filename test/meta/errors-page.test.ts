import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderErrorsPage } from '../../docs/generate/errors-page.ts';
import { ERRORS } from '../../domain/errors.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');

it('docs/errors.md is what the registry renders (npm run generate)', () => {
  expect(page).toBe(renderErrorsPage(ERRORS));
});

it('docs/errors.md has one row for every code and no other', () => {
  const documented = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code);
  expect(documented.sort()).toEqual(Object.keys(ERRORS).sort());
});
