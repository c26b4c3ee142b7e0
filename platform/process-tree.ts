import { spawn } from 'node:child_process';

/**
 * Ends a process that {@link createSpawner} started, and its descendants, without asking them. On POSIX every such child leads its own process group, so one
 * SIGKILL to the group reaches the tree; Windows has no groups, so `taskkill /T /F` walks the tree. Never throws: a process already gone is a success.
 */
export function killTree(pid: number): void {
  if (process.platform === 'win32') {
    const killer = spawn('taskkill', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    killer.on('error', () => signalQuietly(pid));
    return;
  }
  signalQuietly(-pid);
  signalQuietly(pid);
}

function signalQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone, which is what was wanted. EPERM: not ours any more; whoever asked checks by identity whether it still lives.
  }
}
