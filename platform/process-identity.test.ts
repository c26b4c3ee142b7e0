import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identifyProcess, isSameProcess, parseProcStat } from './process-identity.ts';

describe('identifyProcess', () => {
  it('recognises this process', async () => {
    const identity = await identifyProcess(process.pid);
    expect(identity).toBeDefined();
    expect(identity && (await isSameProcess(identity))).toBe(true);
  });

  it('does not take another process with the same pid for the same one', async () => {
    expect(await isSameProcess({ pid: process.pid, startTime: 'an earlier boot:1' })).toBe(false);
  });

  it('knows that an ended process is gone', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(child, 'exit');
    expect(await identifyProcess(child.pid ?? 0)).toBeUndefined();
  });
});

describe('parseProcStat', () => {
  const tail = Array.from({ length: 30 }, (_, index) => String(index + 4)).join(' ');

  it('reads state and start time behind a command with spaces and brackets', () => {
    expect(parseProcStat(`42 (a) b (c) R ${tail}`)).toEqual({ state: 'R', startTicks: '22' });
  });

  it('gives nothing for a cut line', () => {
    expect(parseProcStat('42 (node) R 1 2 3')).toBeUndefined();
  });
});
