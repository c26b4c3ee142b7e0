import { expect, it } from 'vitest';
import { CAN_WATCH_TREES, cpuMsOf, watchTree } from './process-tree.ts';
import { startNode } from './start-process.ts';

const HELD_BYTES = 64 * 2 ** 20;
const hold = `globalThis.held = Buffer.alloc(${HELD_BYTES}, 1); console.log('holding');`;
const holdTwice = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`${hold} process.stdin.resume()`)}], { stdio: ['pipe', 'inherit', 'inherit'] });
${hold} process.stdin.resume();`;

// Where process trees cannot be watched, the benches say so instead.
if (CAN_WATCH_TREES) {
  it('counts the memory and the time of a process and its child', async () => {
    const child = startNode(['-e', holdTwice], { cwd: import.meta.dirname });
    const watch = watchTree(child.pid);
    const lines = child.stdout[Symbol.asyncIterator]();
    for (let said = 0; said < 2; said++) expect((await lines.next()).value).toBe('holding');
    const usage = watch.stop();
    expect(cpuMsOf(child.pid)).toBeGreaterThanOrEqual(0);
    child.kill();
    await child.exited;
    expect(usage.processes).toBe(2);
    expect(usage.highWaterBytes).toBeGreaterThanOrEqual(2 * HELD_BYTES);
    expect(usage.sampledPeakBytes).toBeGreaterThanOrEqual(2 * HELD_BYTES);
    expect(usage.highWaterBytes).toBeGreaterThanOrEqual(usage.sampledPeakBytes);
  });

  it('knows nothing of a process that has ended', async () => {
    const child = startNode(['-e', ''], { cwd: import.meta.dirname });
    await child.exited;
    expect(cpuMsOf(child.pid)).toBeUndefined();
  });
}
