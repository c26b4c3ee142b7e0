import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** PowerShell's first start on a cold machine takes seconds. */
const TIMEOUT_MS = 30_000;

/**
 * Output of a PowerShell expression on Windows, or undefined when it fails or the platform has no PowerShell. The expression holds nothing from outside
 * but numbers.
 */
export async function powershell(expression: string): Promise<string | undefined> {
  if (process.platform !== 'win32') return undefined;
  try {
    const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', expression], {
      timeout: TIMEOUT_MS,
      windowsHide: true,
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
