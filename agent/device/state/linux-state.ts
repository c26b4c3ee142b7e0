import { availableParallelism, freemem } from 'node:os';
import type { DeviceState } from '../../../domain/device.ts';
import { numberIn, type Sysfs } from '../sysfs.ts';
import { type ProcessorTimes, parseProcessLine, parseProcessorLine } from './processes.ts';

/** State of the processor and the machine around it, less what needs two readings. */
export type HostState = Required<Omit<DeviceState, 'hostFreeMemoryBytes' | 'foreign' | 'stealShare' | 'virtualMachine'>>;

const CPU = 'sys/devices/system/cpu';
/** Drivers whose sensors sit in the processor. */
const CPU_SENSORS: ReadonlySet<string> = new Set(['coretemp', 'k10temp', 'zenpower', 'cpu_thermal', 'soc_thermal']);

/** Reads what Linux tells of power, heat and load. Everything unknown is null or `unknown`, with the reason, never a guess. */
export async function readLinuxState(sysfs: Sysfs): Promise<HostState> {
  const [temperatureC, powerSource, powerMode, governor, clockMHz, throttleCount, utilization, pressure, freeMemoryBytes] =
    await Promise.all([
      cpuTemperature(sysfs),
      readPowerSource(sysfs),
      readPowerMode(sysfs),
      readGovernor(sysfs),
      readClock(sysfs),
      readThrottleCount(sysfs),
      readLoad(sysfs),
      readPressure(sysfs),
      availableMemory(sysfs),
    ]);
  const nullable = { temperatureC, governor, clockMHz, throttleCount, pressure };
  const missing = Object.entries(nullable).filter(([, value]) => value === null);
  const unknown = Object.fromEntries(await Promise.all(missing.map(async ([name]) => [name, await reasonFor(sysfs, name)] as const)));
  return { ...nullable, throttleReasons: null, utilization, freeMemoryBytes, powerSource, powerMode, unknown };
}

/** Where each fact would stand, to tell a forbidden file from an absent one. */
const SOURCES: Readonly<Record<string, string>> = {
  governor: `${CPU}/cpu0/cpufreq/scaling_governor`,
  clockMHz: `${CPU}/cpu0/cpufreq/scaling_cur_freq`,
  throttleCount: `${CPU}/cpu0/thermal_throttle/core_throttle_count`,
  pressure: 'proc/pressure/cpu',
  temperatureC: 'sys/class/thermal/thermal_zone0/temp',
};

async function reasonFor(sysfs: Sysfs, name: string): Promise<string> {
  return await sysfs.whyUnreadable(SOURCES[name] ?? '');
}

/** Sensors of the processor, else the hottest thermal zone, degrees Celsius. */
async function cpuTemperature(sysfs: Sysfs): Promise<number | null> {
  const chips = await sysfs.list('sys/class/hwmon');
  const names = await Promise.all(chips.map((chip) => sysfs.text(`sys/class/hwmon/${chip}/name`)));
  const own = chips.filter((_, index) => CPU_SENSORS.has(names[index] ?? ''));
  const sensors = await Promise.all(own.map((chip) => hottestOf(sysfs, `sys/class/hwmon/${chip}`, /^temp\d+_input$/)));
  return hottest(sensors) ?? (await hottestZone(sysfs));
}

async function hottestZone(sysfs: Sysfs): Promise<number | null> {
  const zones = (await sysfs.list('sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  return hottest(await Promise.all(zones.map((zone) => hottestOf(sysfs, `sys/class/thermal/${zone}`, /^temp$/))));
}

/** Highest of the sensor files in a folder. What reports nonsense (0 or above 150) is left out. */
export async function hottestOf(sysfs: Sysfs, folder: string, pattern: RegExp): Promise<number | null> {
  const files = (await sysfs.list(folder)).filter((name) => pattern.test(name));
  const readings = await Promise.all(files.map((file) => numberIn(sysfs, `${folder}/${file}`)));
  return hottest(readings.map((milli) => (milli === undefined || milli <= 0 || milli > 150_000 ? null : milli / 1_000)));
}

function hottest(degrees: readonly (number | null)[]): number | null {
  const known = degrees.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Mains wins over a charging battery; a machine that tells of neither is `unknown`: most desktops and all guests. */
async function readPowerSource(sysfs: Sysfs): Promise<DeviceState['powerSource']> {
  const supplies = await sysfs.list('sys/class/power_supply');
  const all = await Promise.all(
    supplies.map(async (name) => {
      const [type, scope, online, status] = await Promise.all(
        ['type', 'scope', 'online', 'status'].map((file) => sysfs.text(`sys/class/power_supply/${name}/${file}`)),
      );
      return { type, scope, online, status };
    }),
  );
  // `Device` is the battery of a mouse or keyboard.
  const own = all.filter(({ scope }) => scope !== 'Device');
  if (own.some(({ type, online }) => type !== 'Battery' && online === '1')) return 'ac';
  return own.some(({ type, status }) => type === 'Battery' && status === 'Discharging') ? 'battery' : 'unknown';
}

/** The firmware's platform profile, else the frequency governor, else `unknown`. */
async function readPowerMode(sysfs: Sysfs): Promise<string> {
  const profile = await sysfs.text('sys/firmware/acpi/platform_profile');
  return profile ?? (await sysfs.text(`${CPU}/cpu0/cpufreq/scaling_governor`)) ?? 'unknown';
}

/** With the energy preference, without which `powersave` of the newer drivers says nothing, and `no boost` where boost is off. */
async function readGovernor(sysfs: Sysfs): Promise<string | null> {
  const [governor, preference, noTurbo, boost] = await Promise.all([
    sysfs.text(`${CPU}/cpu0/cpufreq/scaling_governor`),
    sysfs.text(`${CPU}/cpu0/cpufreq/energy_performance_preference`),
    sysfs.text(`${CPU}/intel_pstate/no_turbo`),
    sysfs.text(`${CPU}/cpufreq/boost`),
  ]);
  if (governor === undefined) return null;
  return [governor, preference, noTurbo === '1' || boost === '0' ? 'no boost' : undefined].filter((part) => part !== undefined).join(', ');
}

/** The fastest core now, and what a core may reach. */
async function readClock(sysfs: Sysfs): Promise<HostState['clockMHz']> {
  const values = (file: string) => [...sysfs.textsBelow(CPU, `cpufreq/${file}`).values()].map(Number).filter((value) => value > 0);
  const current = values('scaling_cur_freq');
  if (current.length === 0) return null;
  const max = values('cpuinfo_max_freq');
  return { current: Math.round(Math.max(...current) / 1_000), max: max.length === 0 ? null : Math.round(Math.max(...max) / 1_000) };
}

/** Events of cores, which each count their own, and of the package, which every core counts. */
async function readThrottleCount(sysfs: Sysfs): Promise<number | null> {
  const values = (file: string) => [...sysfs.textsBelow(CPU, `thermal_throttle/${file}`).values()].map(Number).filter(Number.isInteger);
  const [cores, packages] = [values('core_throttle_count'), values('package_throttle_count')];
  if (cores.length === 0 && packages.length === 0) return null;
  return cores.reduce((sum, count) => sum + count, 0) + Math.max(0, ...packages);
}

/** Load of the last minute over the processors, 0 to 1. */
async function readLoad(sysfs: Sysfs): Promise<number | null> {
  const load = Number((await sysfs.text('proc/loadavg'))?.split(' ')[0]);
  return Number.isFinite(load) ? Math.min(1, load / availableParallelism()) : null;
}

async function readPressure(sysfs: Sysfs): Promise<HostState['pressure']> {
  const [cpu, memory, io] = await Promise.all(['cpu', 'memory', 'io'].map((what) => pressureOf(sysfs, what)));
  return cpu === undefined || memory === undefined || io === undefined ? null : { cpu, memory, io };
}

/** `some avg10=34.06 ...`, percent. */
async function pressureOf(sysfs: Sysfs, what: string): Promise<number | undefined> {
  const percent = Number(/^some avg10=([\d.]+)/m.exec((await sysfs.text(`proc/pressure/${what}`)) ?? '')?.[1]);
  return Number.isFinite(percent) ? Math.min(1, percent / 100) : undefined;
}

/** What programs could still get, caches included. */
async function availableMemory(sysfs: Sysfs): Promise<number> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec((await sysfs.text('proc/meminfo')) ?? '')?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1_024;
}

/** Processor time of the machine and of every process that can be seen; undefined without `/proc/stat`. */
export async function readLinuxTimes(sysfs: Sysfs): Promise<ProcessorTimes | undefined> {
  const processors = parseProcessorLine((await sysfs.text('proc/stat')) ?? '');
  if (processors === undefined) return undefined;
  const processes = [...sysfs.textsBelow('proc', 'stat').values()].flatMap((text) => parseProcessLine(text) ?? []);
  return { ...processors, processes };
}
