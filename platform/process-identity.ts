import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { powershell } from './powershell.ts';

const run = promisify(execFile);

/** Which process a pid means: pids are reused, a pid with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque and only compared for equality. Linux: boot id and start tick; Windows: FILETIME; macOS: `ps` start date. */
  readonly startTime: string;
}

/** Identity of a living process, or undefined when there is none (a zombie is none: it holds nothing but its exit status). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await START_TIME_READERS[platformKind()](pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether exactly this process still lives. */
export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  const current = await identifyProcess(identity.pid);
  return current?.startTime === identity.startTime;
}

type PlatformKind = 'linux' | 'windows' | 'other';

function platformKind(): PlatformKind {
  if (process.platform === 'linux') return 'linux';
  return process.platform === 'win32' ? 'windows' : 'other';
}

const START_TIME_READERS: Readonly<Record<PlatformKind, (pid: number) => Promise<string | undefined>>> = {
  linux: startTimeOnLinux,
  windows: async (pid) => (await powershell(`(Get-Process -Id ${Number(pid)}).StartTime.ToFileTimeUtc()`)) || undefined,
  other: startTimeOnPosix,
};

async function startTimeOnLinux(pid: number): Promise<string | undefined> {
  try {
    const stat = parseProcStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
    // Ticks count from boot: without the boot id a pid file that survived a reboot could name an innocent process.
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return `${bootId}:${stat.startTicks}`;
  } catch {
    return undefined;
  }
}

/** State (field 3) and start time (field 22) of `/proc/<pid>/stat`, proc(5). The command (field 2) may itself hold spaces and brackets. */
export function parseProcStat(text: string): { readonly state: string; readonly startTicks: string } | undefined {
  const afterCommand = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [afterCommand[0], afterCommand[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks };
}

async function startTimeOnPosix(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { timeout: 10_000 });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
