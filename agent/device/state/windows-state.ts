import { availableParallelism, freemem } from 'node:os';
import { z } from 'zod';
import type { DeviceState } from '../../../domain/device.ts';
import type { HostState } from './linux-state.ts';
import type { ProcessorTimes } from './processes.ts';

const stateSchema = z.object({
  scheme: z.string().catch(''),
  overlayAc: z.string().catch(''),
  overlayDc: z.string().catch(''),
  battery: z.array(z.number()).catch([]),
  maxClockMHz: z.number().nullable().catch(null),
  performancePercent: z.coerce.number().nullable().catch(null),
  utilityPercent: z.coerce.number().nullable().catch(null),
  zones: z.array(z.object({ tenthsKelvin: z.number(), passiveLimit: z.number().nullable() })).catch([]),
  processes: z.array(z.tuple([z.number(), z.number(), z.string(), z.number()])).catch([]),
});
type WindowsState = z.infer<typeof stateSchema>;

/** Power modes of the taskbar lie over the power scheme, which stays "balanced" on most machines. */
const OVERLAYS: Readonly<Record<string, string>> = {
  '961cc777-2547-4f9d-8174-7d86181b8a7a': 'best power efficiency',
  '00000000-0000-0000-0000-000000000000': 'balanced',
  '3af9b8d9-7c97-431d-ad78-34a8bfea439f': 'better performance',
  'ded574b5-45a0-4f42-8737-46345c09c238': 'best performance',
};
const SCHEMES: Readonly<Record<string, string>> = {
  'a1841308-3541-4fab-bc81-f71556f20b4a': 'power saver',
  '381b4222-f694-41f0-9685-ff5bb260df2e': 'balanced',
  '8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c': 'high performance',
  'e9a42b02-d5df-448d-aa00-03f14749eb61': 'ultimate performance',
};

/** `BatteryStatus` of Win32_Battery: discharging, low, critical are 1, 4 and 5; the others are on mains. */
const DISCHARGING: ReadonlySet<number> = new Set([1, 4, 5]);

/** What the query `windows-state` answered; undefined when it is no such document. */
export function parseWindowsState(json: string | undefined): WindowsState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(json ?? '')).data;
  } catch {
    return undefined;
  }
}

/** What Windows tells of power, heat and load. Without an answer everything is unknown, for the reason given. */
export function windowsHostState(state: WindowsState | undefined, whyNot = 'PowerShell gave no answer'): HostState {
  const freeMemoryBytes = freemem();
  if (state === undefined) return { ...NOTHING, freeMemoryBytes, unknown: everyReason(whyNot) };
  const powerSource = powerSourceOf(state);
  const clockMHz = clockOf(state);
  const temperatureC = temperatureOf(state);
  const throttleReasons = throttleReasonsOf(state);
  return {
    ...NOTHING,
    ...{ temperatureC, freeMemoryBytes, powerSource, powerMode: powerModeOf(state, powerSource), clockMHz },
    utilization: state.utilityPercent === null ? null : Math.min(1, state.utilityPercent / 100),
    throttleReasons,
    unknown: {
      governor: 'not-present',
      pressure: 'not-present',
      throttleCount: 'not-present',
      ...(throttleReasons === null && { throttleReasons: 'not-present' }),
      ...(temperatureC === null && { temperatureC: 'not-present' }),
      ...(clockMHz === null && { clockMHz: 'not-present' }),
    },
  };
}

const NOTHING: Omit<HostState, 'freeMemoryBytes' | 'unknown'> = {
  ...{ temperatureC: null, utilization: null, powerSource: 'unknown', powerMode: 'unknown' },
  ...{ governor: null, clockMHz: null, throttleCount: null, throttleReasons: null, pressure: null },
};

/** A machine whose system Grove cannot ask. Free memory too: macOS counts as free only what nobody has used yet. */
export function unaskedHostState(platform: string): HostState {
  const why = `not-probed on ${platform}`;
  return { ...NOTHING, freeMemoryBytes: null, unknown: { ...everyReason(why), freeMemoryBytes: why } };
}

function everyReason(why: string): Record<string, string> {
  return Object.fromEntries(['temperatureC', 'governor', 'clockMHz', 'throttleCount', 'pressure'].map((field) => [field, why]));
}

function powerSourceOf({ battery }: WindowsState): DeviceState['powerSource'] {
  if (battery.length === 0) return 'unknown';
  return battery.some((status) => DISCHARGING.has(status)) ? 'battery' : 'ac';
}

/** The power mode, else the scheme, by its number: names are translated. */
function powerModeOf({ scheme, overlayAc, overlayDc }: WindowsState, source: DeviceState['powerSource']): string {
  const guid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(scheme)?.[0].toLowerCase() ?? '';
  const name = SCHEMES[guid];
  // Modes exist in the balanced scheme only.
  if (name !== undefined && name !== 'balanced') return name;
  return OVERLAYS[(source === 'battery' ? overlayDc : overlayAc).toLowerCase()] ?? name ?? (guid === '' ? 'unknown' : 'custom scheme');
}

/** Performance is told in percent of the nominal clock; above it is boost. */
function clockOf({ maxClockMHz, performancePercent }: WindowsState): HostState['clockMHz'] {
  if (maxClockMHz === null || performancePercent === null || performancePercent <= 0) return null;
  return { current: Math.round((maxClockMHz * performancePercent) / 100), max: maxClockMHz };
}

/**
 * Windows counts no events, but tells whether a thermal zone limits the processors now. A zone without a limit, or with one of 0, which would be a
 * processor that stands still, tells nothing.
 */
function throttleReasonsOf({ zones }: WindowsState): string[] | null {
  const limits = zones.flatMap(({ passiveLimit }) => (passiveLimit === null || passiveLimit <= 0 ? [] : [passiveLimit]));
  if (limits.length === 0) return null;
  return limits.some((limit) => limit < 100) ? ['a thermal zone limits the processors'] : [];
}

function temperatureOf({ zones }: WindowsState): number | null {
  const degrees = zones.map(({ tenthsKelvin }) => tenthsKelvin / 10 - 273.15).filter((value) => value > 0 && value < 150);
  return degrees.length === 0 ? null : Math.round(Math.max(...degrees) * 10) / 10;
}

/** @param passedSeconds monotonic time of the reading: Windows gives no total. The idle process stands for what is not busy. */
export function windowsTimes({ processes }: WindowsState, passedSeconds: number): ProcessorTimes | undefined {
  if (processes.length === 0) return undefined;
  const working = processes.filter(([pid]) => pid !== 0);
  return {
    busySeconds: working.reduce((sum, [, , , seconds]) => sum + seconds, 0),
    totalSeconds: passedSeconds * availableParallelism(),
    stolenSeconds: null,
    processes: working.map(([pid, parentPid, name, seconds]) => ({ pid, parentPid, name, seconds, endedSeconds: 0 })),
  };
}
