import type { Device } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { QuarantineRequest } from '../../domain/protocol.ts';
import type { AgentLog } from '../log-events.ts';
import type { RunTask } from '../runner/task-runner.ts';
import { type RecoveryPlace, type RecoverySettings, runRecoveryCommand } from './recovery.ts';

const MAX_REASON_CHARS = 1_500;

const FIX =
  'Look at the driver and the kernel log, restart the machine, then `grove agent recover`. `agent.recovery.command` can reload a driver by itself.';

export interface HealthContext extends Omit<RecoveryPlace, 'log'> {
  /** Why a small model does not run there, or null when it does. A process that hangs or crashes rejects, and is killed. */
  probe(device: Device, ep: string): Promise<string | null>;
  readonly recovery: RecoverySettings;
  /** A driver that has just lost a process gets this long before it is asked again. */
  readonly settleMs: number;
  readonly log: AgentLog;
  /** Asks the coordinator for quarantine. */
  ask(request: QuarantineRequest): void;
}

interface Wanted {
  readonly device: Device;
  readonly ep: string;
  readonly request: QuarantineRequest;
}

function keyOf(deviceName: string, ep: string): string {
  return `${deviceName} ${ep}`;
}

/**
 * Whether devices still work, judged by a small model in a process of its own, and what is done when one does not:
 *
 * ```
 *   probe fails (its process is killed) ──> probe again ──> operator's command, probe again ──> ask for quarantine
 * ```
 */
export class DeviceHealth {
  readonly #context: HealthContext;
  /** What is broken as far as is known, by device and execution provider. */
  readonly #wanted = new Map<string, Wanted>();
  #asking: Promise<void> = Promise.resolve();

  constructor(context: HealthContext) {
    this.#context = context;
  }

  /**
   * Probes what was broken, and asks again for the quarantine of what still is: the last connection may have lost the request, or somebody has repaired
   * the device since and lifted the mark. Tasks that come meanwhile wait for it. Not while a task runs, which it would disturb.
   */
  askAgain(): Promise<void> {
    this.#asking = this.#asking.then(() => this.#askForBroken());
    return this.#asking;
  }

  async #askForBroken(): Promise<void> {
    for (const [key, { device, ep, request }] of [...this.#wanted]) {
      if ((await this.#problem(device, ep)) === undefined) this.#wanted.delete(key);
      else this.#context.ask(request);
    }
  }

  /**
   * Climbs the ladder until the device works. Throws `device-unhealthy` at its top, when the quarantine has been asked for.
   *
   * @param log lines for the task that waits for it.
   */
  async assertWorking(device: Device, ep: string, log: (line: string) => void): Promise<void> {
    await this.#asking;
    const first = await this.#problem(device, ep);
    if (first === undefined) return this.#recovered(device, ep);
    this.#context.log.deviceUnhealthy({ deviceName: device.name, ep, why: first });
    log(`${device.name} does not run a small model on ${ep}: ${first}. Trying again.`);
    await this.#pause();
    const second = await this.#problem(device, ep);
    if (second === undefined) return this.#recovered(device, ep);
    const how = await this.#recover(device, second, log);
    log(`Recovering ${device.name}: ${how}.`);
    const last = this.#context.recovery.command === null ? second : await this.#problem(device, ep);
    if (last === undefined) return this.#recovered(device, ep);
    this.#giveUp(device, { ep, last, how });
    throw new GroveError('device-unhealthy', { deviceName: device.name, problem: last });
  }

  async #problem(device: Device, ep: string): Promise<string | undefined> {
    try {
      return (await this.#context.probe(device, ep)) ?? undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #recover({ name }: Device, why: string, log: (line: string) => void): Promise<string> {
    const { recovery, env } = this.#context;
    const how = await runRecoveryCommand(recovery, { ...this.#context, log, env: { ...env, GROVE_DEVICE: name, GROVE_REASON: why } });
    this.#context.log.recoveryTried({ deviceName: name, how });
    return how;
  }

  #recovered({ name }: Device, ep: string): void {
    this.#wanted.delete(keyOf(name, ep));
  }

  #giveUp(device: Device, { ep, last, how }: { readonly ep: string; readonly last: string; readonly how: string }): void {
    const { name } = device;
    const reason = `${name} does not run a small model on ${ep} (${last}); tried twice, and ${how}`.slice(0, MAX_REASON_CHARS);
    const request: QuarantineRequest = { type: 'quarantine', reason, fix: FIX };
    this.#wanted.set(keyOf(name, ep), { device, ep, request });
    this.#context.ask(request);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#context.clock.after(this.#context.settleMs, resolve);
    });
  }
}

/**
 * Probes the device before and after each task that runs on an accelerator's provider. A result measured before the device broke counts; a task of a
 * device that is broken from the start ends as `device-unhealthy`, so that it is tried elsewhere. The CPU's provider is not probed: every stage
 * process runs it anyway.
 */
export function withHealth(runTask: RunTask, health: DeviceHealth): RunTask {
  return async (context, enter) => {
    const { spec } = context.assignment;
    const ep = spec.kind === 'benchmark' && spec.executedEp !== CPU_EP ? spec.executedEp : undefined;
    if (ep === undefined) return await runTask(context, enter);
    const check = () => health.assertWorking(context.device, ep, context.log);
    await check();
    try {
      return await runTask(context, enter);
    } finally {
      // A task that was stopped must not wait; the next one probes first.
      if (!context.signal.aborted) await check().catch(() => {});
    }
  };
}
