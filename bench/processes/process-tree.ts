import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its descendants used. Memory counts pages shared between processes once per process. */
export interface TreeUsage {
  /** Largest sum of resident memory seen in one sample: a lower bound of the peak, exact to what changes within a sample interval. */
  readonly sampledPeakBytes: number;
  /** Sum over all processes of each one's own high-water mark, kept by the kernel: an upper bound of the peak, and the peak itself for one process. */
  readonly highWaterBytes: number;
  /** User and system time, to 10 ms a process. */
  readonly cpuMs: number;
  readonly processes: number;
}

/** Short enough for what a conversion allocates for a moment; each sample reads a few files a thread. */
const SAMPLE_MS = 5;
/** Times in `/proc/PID/stat` count in USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** Whether {@link watchTree} works here: it reads `/proc`. */
export const CAN_WATCH_TREES = process.platform === 'linux';

interface Seen {
  readonly highWaterBytes: number;
  readonly cpuMs: number;
}

/**
 * Samples a process tree from now until `stop`, by default every 5 ms. A tree of many threads is asked less often, or the asking costs it time.
 * Linux only.
 */
export function watchTree(pid: number, sampleMs = SAMPLE_MS): { stop(): TreeUsage } {
  const seen = new Map<number, Seen>();
  let sampledPeakBytes = 0;
  const sample = (): void => {
    let residentBytes = 0;
    for (const member of membersOf(pid)) {
      const usage = usageOf(member);
      if (usage === undefined) continue;
      residentBytes += usage.residentBytes;
      seen.set(member, usage);
    }
    sampledPeakBytes = Math.max(sampledPeakBytes, residentBytes);
  };
  sample();
  const timer = setInterval(sample, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      sample();
      const all = [...seen.values()];
      const sum = (pick: (one: Seen) => number): number => all.reduce((total, one) => total + pick(one), 0);
      return {
        sampledPeakBytes,
        highWaterBytes: sum(({ highWaterBytes }) => highWaterBytes),
        cpuMs: sum(({ cpuMs }) => cpuMs),
        processes: all.length,
      };
    },
  };
}

/** User and system milliseconds of one process so far; undefined when it is gone or the system is not Linux. */
export function cpuMsOf(pid: number): number | undefined {
  return CAN_WATCH_TREES ? usageOf(pid)?.cpuMs : undefined;
}

/** Resident memory of one process; undefined when it is gone or the system is not Linux. */
export function residentBytesOf(pid: number): number | undefined {
  return CAN_WATCH_TREES ? usageOf(pid)?.residentBytes : undefined;
}

/** A process and its descendants. A child belongs to the thread that started it. */
function membersOf(pid: number): readonly number[] {
  const members = [pid];
  for (const member of members) {
    for (const thread of entries(`/proc/${member}/task`)) {
      const children = text(`/proc/${member}/task/${thread}/children`);
      for (const child of children.split(' ')) if (child !== '') members.push(Number(child));
    }
  }
  return members;
}

function usageOf(pid: number): (Seen & { readonly residentBytes: number }) | undefined {
  const status = text(`/proc/${pid}/status`);
  const residentBytes = kilobytes(status, 'VmRSS');
  // A process that has ended but was not waited for has no memory any more.
  if (residentBytes === undefined) return undefined;
  return { residentBytes, highWaterBytes: kilobytes(status, 'VmHWM') ?? residentBytes, cpuMs: cpuTime(text(`/proc/${pid}/stat`)) };
}

function kilobytes(status: string, field: string): number | undefined {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return value === undefined ? undefined : Number(value) * 1_024;
}

/** The command name may hold spaces and parentheses; what follows its last `)` is numbered from field 3, and utime and stime are fields 14 and 15. */
function cpuTime(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
