import { Worker } from 'node:worker_threads';
import { loadNativeLibrary } from './native-library.ts';

/** From `<linux/prctl.h>`. */
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

/** How often the watchdog looks for the parent where the kernel offers no signal. */
const WATCHDOG_INTERVAL_MS = 200;

/**
 * Called first thing in a child: from then on the child ends by SIGKILL when its parent ends, even while its main thread is inside a native call.
 *
 * Linux asks the kernel (`PR_SET_PDEATHSIG`); elsewhere, or when libc cannot be called, a watchdog thread looks for the parent. The signal follows the
 * *thread* that started the child, so parents must spawn from a thread that lives as long as they do: the main thread.
 *
 * @param parentPid the pid the parent told the child, not the one observed: a parent that died before this call must not go unnoticed.
 * @param mechanism `watchdog` asks for the portable way even where the kernel could do it.
 */
export function dieWithParent(parentPid: number, mechanism: 'kernel' | 'watchdog' = 'kernel'): void {
  if (mechanism === 'kernel' && process.platform === 'linux' && setParentDeathSignal()) {
    // The parent may have died between fork and prctl; then the kernel will send nothing more.
    if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
    return;
  }
  startParentWatchdog(parentPid);
}

function setParentDeathSignal(): boolean {
  try {
    const prctl = loadNativeLibrary(null).func(
      'int prctl(int option, unsigned long value, unsigned long a, unsigned long b, unsigned long c)',
    );
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0;
  } catch {
    return false;
  }
}

/**
 * A thread with its own event loop, so it sees the parent vanish while the main thread is busy. Two signs: the parent pid changes (POSIX re-parents
 * orphans) or no process has that pid (Windows keeps the old number).
 */
const WATCHDOG_SOURCE = `
const { workerData } = require('node:worker_threads');
function alive(pid) {
  try { process.kill(pid, 0); return true; } catch (error) { return error.code === 'EPERM'; }
}
setInterval(() => {
  if (process.ppid !== workerData.parentPid || !alive(workerData.parentPid)) process.kill(process.pid, 'SIGKILL');
}, workerData.intervalMs);
`;

/** The portable way of {@link dieWithParent}: a thread that polls every {@link WATCHDOG_INTERVAL_MS}. It does not keep the process alive. */
function startParentWatchdog(parentPid: number): void {
  // Flags of the process (`--input-type=module`) would change how the source is read.
  const watchdog = new Worker(WATCHDOG_SOURCE, { eval: true, execArgv: [], workerData: { parentPid, intervalMs: WATCHDOG_INTERVAL_MS } });
  watchdog.unref();
}
