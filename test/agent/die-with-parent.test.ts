import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../platform/lines.ts';
import { identifyProcess, isSameProcess } from '../../platform/process-identity.ts';

const PARENT = fileURLToPath(new URL('./support/test-parent.mjs', import.meta.url));

describe('a child inside a long native call', () => {
  it.each(['kernel', 'watchdog'])('ends when its parent is killed -9 (%s)', async (mechanism) => {
    const parent = spawn(process.execPath, [PARENT, mechanism], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { value: line } = await readLines(parent.stdout, 1_000).next();
    expect(line).toMatch(/^sleeping \d+$/);
    const child = await identifyProcess(Number(line?.split(' ')[1]));
    if (child === undefined) throw new Error('the child is gone before its parent');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => isSameProcess(child), { timeout: 10_000 }).toBe(false);
  });
});
