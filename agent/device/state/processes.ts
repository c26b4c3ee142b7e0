import type { DeviceState } from '../../../domain/device.ts';

/** One process as the system counts it. */
export interface ProcessTime {
  readonly pid: number;
  readonly parentPid: number;
  readonly name: string;
  /** Processor seconds it has used. */
  readonly seconds: number;
  /** Those of children it has waited for. */
  readonly endedSeconds: number;
}

/** Processor time of a machine at one moment. */
export interface ProcessorTimes {
  /** Seconds all processors together worked, and passed. */
  readonly busySeconds: number;
  readonly totalSeconds: number;
  /** Seconds the hypervisor gave to others; null where none is told. */
  readonly stolenSeconds: number | null;
  readonly processes: readonly ProcessTime[];
}

type Foreign = NonNullable<DeviceState['foreign']>;

/** Least share of all processors with which processes of one name are told. */
const NOTABLE_SHARE = 0.01;
const MAX_NAMED = 5;

/** Linux counts processor time in hundredths of a second, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100;

/**
 * What others than this agent and its descendants took of the processors between two moments: everything that was busy, less what is ours. That
 * counts processes too short-lived to be seen, and those of other containers; only what is seen can be named. Undefined when no time has passed.
 */
export function foreignLoad(before: ProcessorTimes, now: ProcessorTimes, ownPid: number): Foreign | undefined {
  const passed = now.totalSeconds - before.totalSeconds;
  if (passed <= 0) return undefined;
  const own = ownSeconds(now, ownPid) - ownSeconds(before, ownPid);
  const share = (seconds: number) => Math.min(1, Math.max(0, seconds / passed));
  const ours = familyOf(now.processes, ownPid);
  const earlier = new Map(before.processes.map((process) => [process.pid, process.seconds]));
  const byName = new Map<string, number>();
  for (const { pid, name, seconds } of now.processes)
    if (!ours.has(pid)) byName.set(name, (byName.get(name) ?? 0) + Math.max(0, seconds - (earlier.get(pid) ?? 0)));
  const processes = [...byName]
    .map(([name, seconds]) => ({ name: name.slice(0, 300), cpuShare: share(seconds) }))
    .filter(({ cpuShare }) => cpuShare >= NOTABLE_SHARE)
    .sort((a, b) => b.cpuShare - a.cpuShare)
    .slice(0, MAX_NAMED);
  return { cpuShare: share(now.busySeconds - before.busySeconds - own), processes };
}

/** Of this agent, its descendants, and those of them that have ended: an ended child's time moves to its parent. */
function ownSeconds({ processes }: ProcessorTimes, ownPid: number): number {
  const ours = familyOf(processes, ownPid);
  return processes.reduce((sum, { pid, seconds, endedSeconds }) => (ours.has(pid) ? sum + seconds + endedSeconds : sum), 0);
}

function familyOf(processes: readonly ProcessTime[], ownPid: number): ReadonlySet<number> {
  const children = new Map<number, number[]>();
  for (const { pid, parentPid } of processes) children.set(parentPid, [...(children.get(parentPid) ?? []), pid]);
  const family = new Set([ownPid]);
  for (const pid of family) for (const child of children.get(pid) ?? []) family.add(child);
  return family;
}

/** The first line of `/proc/stat`, proc(5): user nice system idle iowait irq softirq steal. Undefined when it is not there. */
export function parseProcessorLine(text: string): Omit<ProcessorTimes, 'processes'> | undefined {
  const ticks = /^cpu +(.*)$/m.exec(text)?.[1]?.split(' ').map(Number);
  if (ticks === undefined || ticks.length < 8 || ticks.some((value) => !Number.isFinite(value))) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks;
  const busy = user + nice + system + irq + softirq;
  return {
    busySeconds: busy / TICKS_PER_SECOND,
    totalSeconds: (busy + idle + iowait + steal) / TICKS_PER_SECOND,
    stolenSeconds: steal / TICKS_PER_SECOND,
  };
}

/** `/proc/<pid>/stat`, proc(5). The name (field 2) may itself hold spaces and brackets. */
export function parseProcessLine(text: string): ProcessTime | undefined {
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const rest = text.slice(close + 2).split(' ');
  const number = (field: number) => Number(rest[field - 3]);
  const values = [number(4), number(14), number(15), number(16), number(17)];
  const pid = Number(text.slice(0, open - 1));
  if (open < 0 || close < open || !Number.isInteger(pid) || values.some((value) => !Number.isFinite(value))) return undefined;
  const [parentPid = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = values;
  return {
    ...{ pid, parentPid, name: text.slice(open + 1, close) },
    seconds: (user + system) / TICKS_PER_SECOND,
    endedSeconds: (endedUser + endedSystem) / TICKS_PER_SECOND,
  };
}
