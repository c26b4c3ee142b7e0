import type { Device, DeviceState } from '../../../domain/device.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/ports.ts';
import type { Machine } from '../machine.ts';
import { readAcceleratorState } from './accelerator-state.ts';
import { type HostState, readLinuxState, readLinuxTimes } from './linux-state.ts';
import { foreignLoad, type ProcessorTimes } from './processes.ts';
import { parseWindowsState, unaskedHostState, windowsHostState, windowsTimes } from './windows-state.ts';

/** Device name -> its state. */
export type DeviceStates = Readonly<Record<string, DeviceState>>;

/** Processes are counted this far apart at least: each takes a look at every one of them. */
const PROCESSES_MS = 5_000;
/** A start of PowerShell or nvidia-smi takes up to a second of a core: between measurements they are asked this often. */
const TOOLS_MS = 30_000;

/** What is kept from one reading to the next. */
interface Kept<T> {
  readonly atMs: number;
  readonly value: T;
}

type Shares = Required<Pick<DeviceState, 'foreign' | 'stealShare'>>;

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
  readonly #accelerators = new Map<string, Kept<Awaited<ReturnType<typeof readAcceleratorState>>>>();
  #windows: Kept<ReturnType<typeof parseWindowsState>> | undefined;

  constructor(context: StateReaderContext) {
    this.#context = context;
  }

  /**
   * State of each device.
   *
   * @param fresh also asks tools that were asked a moment ago: before and after a measurement.
   */
  async read(devices: readonly Device[], { fresh = false }: { readonly fresh?: boolean } = {}): Promise<DeviceStates> {
    const { host, times } = await this.#host(fresh);
    this.#count(times);
    const { foreign, stealShare } = this.#shares;
    const counted = {
      ...{ foreign, stealShare },
      unknown: {
        ...host.unknown,
        ...(foreign === null && { foreign: times === undefined ? 'not-present' : 'first reading' }),
        ...(stealShare === null && { stealShare: times?.stolenSeconds === null ? 'not-present' : 'first reading' }),
      },
    };
    const entries = devices.map(async (device) => [device.name, await this.#stateOf(device, { ...host, ...counted }, fresh)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  /** State of one device. */
  async readOne(device: Device, fresh: boolean): Promise<DeviceState> {
    const state = (await this.read([device], { fresh }))[device.name];
    if (state === undefined) throw new GroveError('internal', { problem: `no state of ${device.name} was read` });
    return state;
  }

  async #stateOf(
    { name, profile }: Device,
    host: HostState & Pick<DeviceState, 'foreign' | 'stealShare'>,
    fresh: boolean,
  ): Promise<DeviceState> {
    const { virtualMachine } = profile;
    if (profile.class === 'cpu') return { ...host, virtualMachine };
    const kept = this.#accelerators.get(name);
    const usesTool = profile.pciVendorId === '10de';
    const isRecent = kept !== undefined && usesTool && !fresh && this.#nowMs() - kept.atMs < TOOLS_MS;
    const own = isRecent ? kept.value : await readAcceleratorState(profile, this.#context.machine);
    if (!isRecent) this.#accelerators.set(name, { atMs: this.#nowMs(), value: own });
    // The clock of the processor is not the accelerator's, but what slows the machine slows both.
    const { temperatureC: _t, clockMHz: _c, throttleCount: _h, throttleReasons: _r, ...others } = host.unknown ?? {};
    return {
      ...host,
      ...own,
      freeMemoryBytes: own.freeMemoryBytes ?? host.freeMemoryBytes,
      virtualMachine,
      unknown: { ...others, ...own.unknown },
    };
  }

  async #host(fresh: boolean): Promise<{ readonly host: HostState; readonly times: ProcessorTimes | undefined }> {
    const { platform, sysfs, query } = this.#context.machine;
    if (platform === 'linux') return { host: await readLinuxState(sysfs), times: await this.#linuxTimes() };
    if (platform !== 'win32') return { host: unaskedHostState(platform), times: undefined };
    const isRecent = this.#windows !== undefined && !fresh && this.#nowMs() - this.#windows.atMs < TOOLS_MS;
    if (!isRecent) this.#windows = { atMs: this.#nowMs(), value: parseWindowsState(await query('windows-state')) };
    const state = this.#windows?.value;
    return { host: windowsHostState(state), times: state && windowsTimes(state, (this.#windows?.atMs ?? 0) / 1_000) };
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
