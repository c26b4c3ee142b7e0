import type { Device, DeviceState } from '../../../domain/device.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/ports.ts';
import type { Machine } from '../machine.ts';
import { type AcceleratorState, isAskedByTool, readAcceleratorState, untoldAccelerator } from './accelerator-state.ts';
import { type HostState, readLinuxState, readLinuxTimes } from './linux-state.ts';
import { foreignLoad, type ProcessorTimes } from './processes.ts';
import { parseWindowsState, unaskedHostState, windowsHostState, windowsTimes } from './windows-state.ts';

/** Device name -> its state. */
export type DeviceStates = Readonly<Record<string, DeviceState>>;

/** Processes are counted this far apart at least: each takes a look at every one of them. */
const PROCESSES_MS = 5_000;
/** A start of PowerShell or nvidia-smi takes up to a second of a core: between measurements they are asked this often. */
const TOOLS_MS = 30_000;

/**
 * Programs a reading may start: `fresh` all, `recent` those that were not asked a moment ago, `none` none at all. A program takes processor time from
 * what is being measured.
 */
export type ToolUse = 'fresh' | 'recent' | 'none';
const WHILE_MEASURING = 'not-probed while a task runs';

/** What is kept from one reading to the next. */
interface Kept<T> {
  readonly atMs: number;
  readonly value: T;
}

type Shares = Required<Pick<DeviceState, 'foreign' | 'stealShare'>>;

interface HostReading {
  readonly host: HostState;
  readonly times: ProcessorTimes | undefined;
  /** Where there are none. */
  readonly whyNoTimes: string;
}

export interface StateReaderContext {
  readonly machine: Machine;
  readonly clock: Clock;
  /** The process whose descendants are not foreign. */
  readonly ownPid: number;
}

/**
 * Reads the state of devices: power, heat, load, and what others do on the machine. One reader serves heartbeats, gates and measurements, so that
 * none of them looks twice.
 */
export class StateReader {
  readonly #context: StateReaderContext;
  #times: Kept<ProcessorTimes> | undefined;
  #shares: Shares = { foreign: null, stealShare: null };
  readonly #accelerators = new Map<string, Kept<AcceleratorState>>();
  #windows: Kept<ReturnType<typeof parseWindowsState>> | undefined;

  constructor(context: StateReaderContext) {
    this.#context = context;
  }

  /**
   * State of each device.
   *
   * @param tools `fresh` before and after a measurement, `none` while a task runs.
   */
  async read(devices: readonly Device[], tools: ToolUse): Promise<DeviceStates> {
    const { host, times, whyNoTimes } = await this.#host(tools);
    this.#count(times);
    const { foreign, stealShare } = times === undefined ? { foreign: null, stealShare: null } : this.#shares;
    const counted = {
      ...{ foreign, stealShare },
      unknown: {
        ...host.unknown,
        ...(foreign === null && { foreign: times === undefined ? whyNoTimes : 'first reading' }),
        ...(stealShare === null && {
          stealShare: times === undefined ? whyNoTimes : times.stolenSeconds === null ? 'not-present' : 'first reading',
        }),
      },
    };
    const entries = devices.map(async (device) => [device.name, await this.#stateOf(device, { ...host, ...counted }, tools)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** State of one device. */
  async readOne(device: Device, tools: ToolUse): Promise<DeviceState> {
    const state = (await this.read([device], tools))[device.name];
    if (state === undefined) throw new GroveError('internal', { problem: `no state of ${device.name} was read` });
    return state;
  }

  async #stateOf(
    { name, profile }: Device,
    host: HostState & Pick<DeviceState, 'foreign' | 'stealShare'>,
    tools: ToolUse,
  ): Promise<DeviceState> {
    const { virtualMachine } = profile;
    if (profile.class === 'cpu') return { ...host, virtualMachine };
    const own = await this.#accelerator({ name, profile }, tools);
    // The clock of the processor is not the accelerator's, but what slows the machine slows both.
    const { temperatureC: _t, clockMHz: _c, throttleCount: _h, throttleReasons: _r, ...others } = host.unknown ?? {};
    return {
      ...host,
      ...own,
      freeMemoryBytes: own.freeMemoryBytes ?? host.freeMemoryBytes,
      ...(own.freeMemoryBytes !== null && { hostFreeMemoryBytes: host.freeMemoryBytes }),
      virtualMachine,
      unknown: { ...others, ...own.unknown },
    };
  }

  async #accelerator({ name, profile }: Device, tools: ToolUse): Promise<AcceleratorState> {
    if (!isAskedByTool(profile)) return await readAcceleratorState(profile, this.#context.machine);
    if (tools === 'none') return untoldAccelerator(WHILE_MEASURING);
    const kept = this.#accelerators.get(name);
    if (kept !== undefined && this.#mayKeep(kept, tools)) return kept.value;
    const value = await readAcceleratorState(profile, this.#context.machine);
    this.#accelerators.set(name, { atMs: this.#nowMs(), value });
    return value;
  }

  async #host(tools: ToolUse): Promise<HostReading> {
    const { platform, sysfs } = this.#context.machine;
    const whyNoTimes = 'not-present';
    if (platform === 'linux') return { host: await readLinuxState(sysfs), times: await this.#linuxTimes(), whyNoTimes };
    if (platform !== 'win32') return { host: unaskedHostState(platform), times: undefined, whyNoTimes };
    if (tools === 'none') return { host: windowsHostState(undefined, WHILE_MEASURING), times: undefined, whyNoTimes: WHILE_MEASURING };
    const { atMs, value } = await this.#windowsState(tools);
    return { host: windowsHostState(value), times: value && windowsTimes(value, atMs / 1_000), whyNoTimes };
  }

  async #windowsState(tools: ToolUse): Promise<Kept<ReturnType<typeof parseWindowsState>>> {
    if (this.#windows === undefined || !this.#mayKeep(this.#windows, tools))
      this.#windows = { atMs: this.#nowMs(), value: parseWindowsState(await this.#context.machine.query('windows-state')) };
    return this.#windows;
  }

  #mayKeep({ atMs }: Kept<unknown>, tools: ToolUse): boolean {
    return tools === 'recent' && this.#nowMs() - atMs < TOOLS_MS;
  }

  async #linuxTimes(): Promise<ProcessorTimes | undefined> {
    const isRecent = this.#times !== undefined && this.#nowMs() - this.#times.atMs < PROCESSES_MS;
    return isRecent ? this.#times?.value : await readLinuxTimes(this.#context.machine.sysfs);
  }

  /** Shares since the reading before. The first reading has none. */
  #count(times: ProcessorTimes | undefined): void {
    const before = this.#times?.value;
    if (times === undefined || times === before) return;
    this.#times = { atMs: this.#nowMs(), value: times };
    const foreign = before && foreignLoad(before, times, this.#context.ownPid);
    if (before === undefined || foreign === undefined) return;
    this.#shares = { foreign, stealShare: stolenShare(before, times) };
  }

  #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }
}

function stolenShare(before: ProcessorTimes, now: ProcessorTimes): number | null {
  if (before.stolenSeconds === null || now.stolenSeconds === null) return null;
  return Math.min(1, Math.max(0, (now.stolenSeconds - before.stolenSeconds) / (now.totalSeconds - before.totalSeconds)));
}
