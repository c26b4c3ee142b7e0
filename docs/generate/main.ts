import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../domain/errors.ts';
import { renderErrorsPage } from './errors-page.ts';

writeFileSync(join(import.meta.dirname, '../errors.md'), renderErrorsPage(ERRORS));
