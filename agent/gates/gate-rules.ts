import type { DeviceState } from '../../domain/device.ts';
import type { GateFinding } from '../../domain/gate.ts';

/** Where gates close. Shares are of all processors, 0 to 1. */
export interface GateLimits {
  readonly temperatureC: number;
  /** Processor time of processes that are not the agent's. */
  readonly foreignShare: number;
  /** Processor time that the hypervisor gave to others. */
  readonly stealShare: number;
  /** Share of time in which some task waited for a processor; judged only while the agent itself does nothing. */
  readonly cpuPressure: number;
  readonly freeMemoryBytes: number;
}

/** One look at a device, with what came before it. */
export interface Observation {
  readonly state: DeviceState;
  /** The look before: counters only mean something as differences. */
  readonly before: DeviceState | undefined;
  /** Whether the agent runs no task and measures nothing: load and pressure are then not its own. */
  readonly isIdle: boolean;
}

/** Firmware profiles, power modes and schemes that trade speed for silence or energy. */
const SAVING_MODES: ReadonlySet<string> = new Set(['low-power', 'quiet', 'cool', 'power-saver', 'power saver', 'best power efficiency']);

/** What each gate says of one look at a device; at most one finding a gate. Pure. Facts that are not known find nothing. */
export function findingsOf(observation: Observation, limits: GateLimits): readonly GateFinding[] {
  const found = [
    battery(observation),
    powerSave(observation),
    throttled(observation, limits),
    busy(observation, limits),
    memory(observation, limits),
  ];
  return found.filter((finding) => finding !== undefined);
}

function battery({ state }: Observation): GateFinding | undefined {
  return state.powerSource === 'battery' ? { gate: 'battery', why: 'it runs on battery' } : undefined;
}

function powerSave({ state: { powerMode, governor } }: Observation): GateFinding | undefined {
  if (SAVING_MODES.has(powerMode.toLowerCase())) return { gate: 'power-save', why: `its power mode is "${powerMode}"` };
  const [name, preference] = (governor ?? '').split(', ');
  // With an energy preference `powersave` is what newer drivers call their normal mode; without one it pins the lowest clock.
  const saves = preference === 'power' || (name === 'powersave' && (preference === undefined || preference === 'no boost'));
  return saves ? { gate: 'power-save', why: `its frequency governor is "${governor}"` } : undefined;
}

function throttled({ state, before }: Observation, { temperatureC: limit }: GateLimits): GateFinding | undefined {
  const { temperatureC, throttleReasons, throttleCount } = state;
  const events = before?.throttleCount == null || throttleCount == null ? 0 : throttleCount - before.throttleCount;
  if (throttleReasons != null && throttleReasons.length > 0)
    return { gate: 'throttled', why: `it is slowed down: ${throttleReasons.join(', ')}` };
  if (events > 0) return { gate: 'throttled', why: `it slowed down for its heat (${events} events)` };
  if (temperatureC !== null && temperatureC >= limit) return { gate: 'throttled', why: `it is ${temperatureC} °C hot (limit ${limit} °C)` };
  return undefined;
}

function busy({ state: { foreign, stealShare, pressure }, isIdle }: Observation, limits: GateLimits): GateFinding | undefined {
  if (foreign != null && foreign.cpuShare >= limits.foreignShare) {
    const names = foreign.processes.map(({ name }) => name).join(', ');
    const who = names === '' ? 'what else runs here takes' : `other processes (${names.slice(0, 200)}) take`;
    return { gate: 'busy', why: `${who} ${percent(foreign.cpuShare)} of its processors (limit ${percent(limits.foreignShare)})` };
  }
  if (stealShare != null && stealShare >= limits.stealShare)
    return {
      gate: 'busy',
      why: `its hypervisor gives ${percent(stealShare)} of its processors to others (limit ${percent(limits.stealShare)})`,
    };
  if (isIdle && pressure != null && pressure.cpu >= limits.cpuPressure)
    return { gate: 'busy', why: `tasks wait for a processor ${percent(pressure.cpu)} of the time (limit ${percent(limits.cpuPressure)})` };
  return undefined;
}

/** Of the machine: a device's own memory keeps the others from nothing. */
function memory({ state }: Observation, { freeMemoryBytes: limit }: GateLimits): GateFinding | undefined {
  const { hostFreeMemoryBytes: free = state.freeMemoryBytes } = state;
  if (free === null || free >= limit) return undefined;
  return { gate: 'low-memory', why: `${mebibytes(free)} of memory are free (limit ${mebibytes(limit)})` };
}

/** What a result of the device is labelled with for its own memory; nothing where it has none that is known. */
export function ownMemoryFinding(
  deviceName: string,
  { hostFreeMemoryBytes, freeMemoryBytes: free }: DeviceState,
  { freeMemoryBytes: limit }: GateLimits,
): GateFinding | undefined {
  if (hostFreeMemoryBytes === undefined || free === null || free >= limit) return undefined;
  const who = deviceName.slice(0, 200);
  return { gate: 'low-memory', why: `${mebibytes(free)} of the memory of ${who} are free (limit ${mebibytes(limit)})` };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

/**
 * Limits a closed gate is held against: it opens again only once things are clearly better, so that a machine at its limit does not flap between
 * ready and not.
 */
export function openingLimits(limits: GateLimits): GateLimits {
  return {
    temperatureC: limits.temperatureC - 5,
    foreignShare: limits.foreignShare * 0.8,
    stealShare: limits.stealShare * 0.8,
    cpuPressure: limits.cpuPressure * 0.8,
    freeMemoryBytes: limits.freeMemoryBytes * 1.25,
  };
}
