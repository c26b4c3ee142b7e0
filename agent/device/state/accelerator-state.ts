import type { DeviceProfile, DeviceState } from '../../../domain/device.ts';
import type { Machine } from '../machine.ts';
import { numberIn, type Sysfs } from '../sysfs.ts';
import { hottestOf } from './linux-state.ts';

/** What an accelerator tells of itself; the rest of its state is the machine's. */
export type AcceleratorState = Pick<DeviceState, 'temperatureC' | 'utilization' | 'freeMemoryBytes' | 'throttleCount'> &
  Required<Pick<DeviceState, 'clockMHz' | 'throttleReasons'>> & { readonly unknown: Readonly<Record<string, string>> };

/** Whether only a program tells of it, not a file. */
export function isAskedByTool({ emulated, pciVendorId }: Hardware): boolean {
  return !emulated && pciVendorId === '10de';
}

type Hardware = Pick<DeviceProfile, 'class' | 'emulated' | 'pciVendorId' | 'pciDeviceId'>;

/** State of a GPU or NPU; all null, with the reason, where its driver tells nothing. Of equal devices the first. */
export async function readAcceleratorState(hardware: Hardware, machine: Machine): Promise<AcceleratorState> {
  if (hardware.emulated) return untoldAccelerator('emulated');
  if (isAskedByTool(hardware)) return await nvidiaState(hardware, machine);
  if (machine.platform !== 'linux') return untoldAccelerator(`not-probed on ${machine.platform}`);
  const folder = await linuxFolder(hardware, machine.sysfs);
  if (folder === undefined) return untoldAccelerator('not-present');
  return hardware.class === 'npu' ? await npuState(folder, machine.sysfs) : await gpuState(folder, machine.sysfs);
}

const FIELDS = ['temperatureC', 'utilization', 'freeMemoryBytes', 'clockMHz', 'throttleReasons', 'throttleCount'] as const;

/** An accelerator that tells nothing, and why. */
export function untoldAccelerator(why: string): AcceleratorState {
  return withReasons({}, why);
}

function withReasons(known: Partial<Omit<AcceleratorState, 'unknown'>>, why: string): AcceleratorState {
  const state = {
    ...{ temperatureC: null, utilization: null, freeMemoryBytes: null, clockMHz: null, throttleReasons: null, throttleCount: null },
    ...known,
  };
  const unknown = Object.fromEntries(FIELDS.filter((field) => state[field] === null).map((field) => [field, why]));
  return { ...state, unknown };
}

const CLASS_FOLDERS = { npu: 'sys/class/accel', gpu: 'sys/class/drm', cpu: 'sys/devices/system/cpu' } as const;

async function linuxFolder({ class: deviceClass, pciVendorId, pciDeviceId }: Hardware, sysfs: Sysfs): Promise<string | undefined> {
  const parent = CLASS_FOLDERS[deviceClass];
  for (const name of (await sysfs.list(parent)).filter((entry) => /^(?:accel|card)\d+$/.test(entry))) {
    const folder = `${parent}/${name}/device`;
    const ids = `${await sysfs.text(`${folder}/vendor`)} ${await sysfs.text(`${folder}/device`)}`;
    if (ids === `0x${pciVendorId} 0x${pciDeviceId}`) return folder;
  }
  return undefined;
}

/** Intel's driver (kernel 6.11 and later; the older files bear the older names). */
async function npuState(folder: string, sysfs: Sysfs): Promise<AcceleratorState> {
  const either = async (file: string, older: string) =>
    (await numberIn(sysfs, `${folder}/${file}`)) ?? (await numberIn(sysfs, `${folder}/${older}`));
  const [current, max] = await Promise.all([
    either('freq/current_freq', 'npu_current_frequency_mhz'),
    either('freq/hw_max_freq', 'npu_max_frequency_mhz'),
  ]);
  return withReasons(current === undefined ? {} : { clockMHz: { current, max: max ?? null } }, 'not-present');
}

/** What amdgpu, i915 and xe share: a hwmon below the card; amdgpu tells load and memory too. */
async function gpuState(folder: string, sysfs: Sysfs): Promise<AcceleratorState> {
  const chips = await sysfs.list(`${folder}/hwmon`);
  const temperatures = await Promise.all(chips.map((chip) => hottestOf(sysfs, `${folder}/hwmon/${chip}`, /^temp\d+_input$/)));
  const [busy, total, used] = await Promise.all(
    ['gpu_busy_percent', 'mem_info_vram_total', 'mem_info_vram_used'].map((file) => numberIn(sysfs, `${folder}/${file}`)),
  );
  const clock = await currentLevel(sysfs, `${folder}/pp_dpm_sclk`);
  return withReasons(
    {
      temperatureC: temperatures.find((value) => value !== null) ?? null,
      ...(busy !== undefined && { utilization: Math.min(1, busy / 100) }),
      ...(total !== undefined && used !== undefined && { freeMemoryBytes: Math.max(0, total - used) }),
      ...(clock !== undefined && { clockMHz: clock }),
    },
    'not-present',
  );
}

/** amdgpu's list of clocks, the one in force starred: `1: 800Mhz *`. */
async function currentLevel(sysfs: Sysfs, path: string): Promise<{ current: number; max: number } | undefined> {
  const levels = [...((await sysfs.text(path)) ?? '').matchAll(/^\d+:\s*(\d+)Mhz\s*(\*?)/gim)];
  const current = levels.find((level) => level[2] === '*');
  return current === undefined ? undefined : { current: Number(current[1]), max: Math.max(...levels.map((level) => Number(level[1]))) };
}

/** NVML's reasons for clocks below the highest. Idle (0x1) and clocks set by a person (0x2) are none. */
const NVIDIA_REASONS: readonly (readonly [number, string])[] = [
  [0x4, 'power cap'],
  [0x8, 'hardware slowdown'],
  [0x20, 'heat (software)'],
  [0x40, 'heat (hardware)'],
  [0x80, 'power brake'],
];

async function nvidiaState(hardware: Hardware, machine: Machine): Promise<AcceleratorState> {
  const answer = (await machine.query('nvidia-state')) ?? (await machine.query('nvidia-state-before-535'));
  if (answer === undefined) return untoldAccelerator('nvidia-smi gave no answer');
  const row = answer
    .split('\n')
    .map((line) => line.split(',').map((part) => part.trim()))
    .find(([ids]) => ids?.toLowerCase() === `0x${hardware.pciDeviceId}${hardware.pciVendorId}`);
  if (row === undefined) return untoldAccelerator('nvidia-smi does not list it');
  const [, temperature, busy, freeMebibytes, clock, maxClock, reasons] = row;
  const active = Number(reasons);
  return withReasons(
    {
      temperatureC: number(temperature),
      utilization: scaled(busy, 0.01),
      freeMemoryBytes: scaled(freeMebibytes, 1_048_576),
      ...(number(clock) !== null && { clockMHz: { current: number(clock) ?? 0, max: number(maxClock) } }),
      throttleReasons: Number.isInteger(active) ? NVIDIA_REASONS.filter(([bit]) => (active & bit) !== 0).map(([, name]) => name) : null,
    },
    'not-present',
  );
}

function number(text: string | undefined): number | null {
  const value = Number(text === '' ? undefined : text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function scaled(text: string | undefined, factor: number): number | null {
  const value = number(text);
  return value === null ? null : value * factor;
}
