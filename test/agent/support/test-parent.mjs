import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSpawner } from '../../../dist/platform/spawner.js';

/**
 * A process that starts one that would sleep for ten minutes inside a native call, prints its pid and stays. The test kills it.
 * Arguments: `kernel` or `watchdog`, the mechanism the child uses to notice.
 */
const [mechanism] = process.argv.slice(2);
const module = new URL('../../../dist/platform/die-with-parent.js', import.meta.url).href;
const source = `
  import koffi from ${JSON.stringify(import.meta.resolve('koffi'))};
  import { dieWithParent } from ${JSON.stringify(module)};
  dieWithParent(${process.pid}, ${JSON.stringify(mechanism)});
  const sleep = koffi.load(null).func('unsigned int sleep(unsigned int seconds)');
  setTimeout(() => { process.stdout.write('sleeping\\n'); sleep(600); }, 100);
`;
const child = createSpawner().spawn({
  file: process.execPath,
  args: ['--input-type=module', '-e', source],
  cwd: mkdtempSync(join(tmpdir(), 'grove-parent-')),
  env: {},
});
for await (const line of child.stdout) process.stdout.write(`${line} ${child.pid}\n`);
