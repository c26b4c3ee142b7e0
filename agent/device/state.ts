import { availableParallelism, freemem, loadavg } from 'node:os';
import type { DeviceState } from '../../domain/device.ts';
import type { Sysfs } from './sysfs.ts';

/** Momentary state of the CPU device. Everything unknown is null or `unknown`, never a guess. */
export async function readCpuState(sysfs: Sysfs): Promise<DeviceState> {
  const [temperatureC, powerSource, powerMode, freeMemoryBytes] = await Promise.all([
    hottestZone(sysfs),
    readPowerSource(sysfs),
    readPowerMode(sysfs),
    availableMemory(sysfs),
  ]);
  return { temperatureC, utilization: await readLoad(sysfs), freeMemoryBytes, powerSource, powerMode };
}

/** Highest temperature of the thermal zones, degrees Celsius. Sensors that report nonsense (0 or above 150) are left out. */
async function hottestZone(sysfs: Sysfs): Promise<number | null> {
  const zones = (await sysfs.list('sys/class/thermal')).filter((name) => name.startsWith('thermal_zone'));
  const readings = await Promise.all(zones.map((zone) => sysfs.number(`sys/class/thermal/${zone}/temp`)));
  const degrees = readings.flatMap((milli) => (milli === undefined || milli <= 0 || milli > 150_000 ? [] : [milli / 1_000]));
  return degrees.length === 0 ? null : Math.max(...degrees);
}

/** Load of the last minute over the processors, 0 to 1. Windows keeps no load average. */
async function readLoad(sysfs: Sysfs): Promise<number | null> {
  const text = await sysfs.text('proc/loadavg');
  const load = text === undefined ? loadavg()[0] : Number(text.split(' ')[0]);
  if (load === undefined || !Number.isFinite(load) || (process.platform === 'win32' && load === 0)) return null;
  return Math.min(1, load / availableParallelism());
}

/** Mains wins over a charging battery; a machine that tells of neither is `unknown`: most desktops and all guests. */
async function readPowerSource(sysfs: Sysfs): Promise<DeviceState['powerSource']> {
  const supplies = await sysfs.list('sys/class/power_supply');
  const types = await Promise.all(supplies.map((name) => sysfs.text(`sys/class/power_supply/${name}/type`)));
  const online = await Promise.all(supplies.map((name) => sysfs.text(`sys/class/power_supply/${name}/online`)));
  if (types.some((type, index) => type !== 'Battery' && online[index] === '1')) return 'ac';
  const status = await Promise.all(supplies.map((name) => sysfs.text(`sys/class/power_supply/${name}/status`)));
  if (types.some((type, index) => type === 'Battery' && status[index] === 'Discharging')) return 'battery';
  return 'unknown';
}

/** The firmware's platform profile, else the frequency governor, else `unknown`. */
async function readPowerMode(sysfs: Sysfs): Promise<string> {
  const profile = await sysfs.text('sys/firmware/acpi/platform_profile');
  if (profile !== undefined) return profile;
  return (await sysfs.text('sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')) ?? 'unknown';
}

/** What programs could still get, caches included. */
async function availableMemory(sysfs: Sysfs): Promise<number> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec((await sysfs.text('proc/meminfo')) ?? '')?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1_024;
}
