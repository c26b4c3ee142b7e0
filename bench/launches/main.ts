import { writeFile } from 'node:fs/promises';
import { measurementPage, PAGE_PATH } from './measurement-page.ts';

/** `npm run statistics`: false-alarm and miss rates on recorded launches, into docs/measurement.md. */
await writeFile(PAGE_PATH, await measurementPage());
