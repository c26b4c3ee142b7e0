import type { DeviceState } from '../../domain/device.ts';
import type { GateFinding } from '../../domain/gate.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import { findingsOf, type GateLimits, ownMemoryFinding } from './gate-rules.ts';

/** First look after the beginning, so that the shortest measurement has one, then one each. */
const FIRST_MS = 1_000;
const INTERVAL_MS = 5_000;
/** States kept; of more every second one is dropped. */
const MAX_STATES = 64;
const MAX_REASON_CHARS = 300;

export interface WatchContext {
  readonly deviceName: string;
  /** A state of the device: `fresh` asks programs, `none` reads only files. */
  readState(tools: 'fresh' | 'none'): Promise<DeviceState>;
  readonly limits: GateLimits;
  readonly clock: Clock;
}

/** What a report says of the device. */
export type WatchedStates = NonNullable<BenchmarkReport['deviceStates']>;

/**
 * Looks at a device before, during and after `work`. Returns what the work returned, with the states and what gates find in them. A sensor that fails
 * disturbs neither the work nor its result: the state is unknown with the reason, and a look during the work is left out.
 */
export async function watched<T>(
  context: WatchContext,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly states: WatchedStates }> {
  const before = await stateOrReason(context);
  const during = new DuringStates(context);
  try {
    const result = await work();
    during.stop();
    const after = await stateOrReason(context);
    return {
      result,
      states: { before, during: during.states, after, warnings: warningsOf([before, ...during.states, after], context) },
    };
  } finally {
    during.stop();
  }
}

async function stateOrReason({ readState }: WatchContext): Promise<DeviceState> {
  try {
    return await readState('fresh');
  } catch (error) {
    const why = `not-probed: ${error instanceof Error ? error.message : String(error)}`.slice(0, MAX_REASON_CHARS);
    return {
      ...{ temperatureC: null, utilization: null, freeMemoryBytes: null, powerSource: 'unknown', powerMode: 'unknown' },
      unknown: { temperatureC: why, utilization: why, freeMemoryBytes: why, powerSource: why, powerMode: why },
    };
  }
}

class DuringStates {
  readonly #context: WatchContext;
  #states: DeviceState[] = [];
  #intervalMs = INTERVAL_MS;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(context: WatchContext) {
    this.#context = context;
    this.#lookIn(FIRST_MS);
  }

  get states(): DeviceState[] {
    return [...this.#states];
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#context.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const state = await this.#context.readState('none').catch(() => undefined);
    if (this.#isStopped) return;
    if (state !== undefined) this.#states.push(state);
    if (this.#states.length >= MAX_STATES) {
      this.#states = this.#states.filter((_, index) => index % 2 === 0);
      this.#intervalMs *= 2;
    }
    this.#lookIn(this.#intervalMs);
  }
}

/** The first finding of each gate over all states, in order. Pressure is the measurement's own and not judged. */
function warningsOf(states: readonly DeviceState[], { deviceName, limits }: WatchContext): GateFinding[] {
  const found = states.flatMap((state, index) => {
    const own = ownMemoryFinding(deviceName, state, limits);
    return [...findingsOf({ state, before: states[index - 1], isIdle: false }, limits), ...(own === undefined ? [] : [own])];
  });
  return found.filter(({ gate }, index) => found.findIndex((other) => other.gate === gate) === index);
}
