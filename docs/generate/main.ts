import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../domain/errors.ts';
import { NATIVE_SURGEONS } from '../../domain/passes/native-surgeons.ts';
import { NATIVE_PASSES } from '../../domain/passes/registry.ts';
import { renderErrorsPage } from './errors-page.ts';
import { renderPassesPage } from './passes-page.ts';

const prose = readFileSync(join(import.meta.dirname, 'passes.md'), 'utf8');
const pages = {
  'errors.md': renderErrorsPage(ERRORS),
  'passes.md': renderPassesPage({ prose, passes: Object.values(NATIVE_PASSES), surgeons: Object.values(NATIVE_SURGEONS) }),
};

for (const [name, text] of Object.entries(pages)) writeFileSync(join(import.meta.dirname, '..', name), text);
