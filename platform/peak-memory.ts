import { readFile } from 'node:fs/promises';

/**
 * Highest resident memory of this process so far, in bytes. Linux's `getrusage` carries over the parent's peak at the moment of the spawn, which for
 * an agent's child is the agent's own memory, so there the kernel's per-program mark (VmHWM) is read instead.
 */
export async function peakMemoryBytes(): Promise<number> {
  const status = process.platform === 'linux' ? await readFile('/proc/self/status', 'utf8').catch(() => '') : '';
  const mark = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return (mark === undefined ? process.resourceUsage().maxRSS : Number(mark)) * 1024;
}
