import type { Device } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';

/** A machine is idle when nothing has wanted it for so long: between the tasks of a job it is not. */
const IDLE_MS = 10 * 60_000;
/** How often a provider is looked after; what is measured today is not measured again. */
const LOOK_AGAIN_MS = 60 * 60_000;

export interface IdleControlOptions {
  readonly devices: readonly Device[];
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Whether the agent runs nothing and takes work. */
  isIdle(): boolean;
  /** Measures the control recipe of a device on a provider if it is due. Ends with the signal; never throws. */
  measure(device: Device, ep: string, signal: AbortSignal): Promise<void>;
}

interface Target {
  readonly device: Device;
  readonly ep: string;
}

/**
 * Keeps the control recipes of an idle machine up to date, so that its drift shows without a user's job. Whatever a coordinator sends goes first, and so does
 * a person who drains the machine or unplugs it: a measurement that is under way is ended, and its time has to come again.
 *
 * ```
 *   busy ──nothing to do for IDLE_MS──> measuring one provider after another ──work arrives──> busy
 * ```
 */
export class IdleControl {
  readonly #options: IdleControlOptions;
  readonly #targets: readonly Target[];
  readonly #lookedMs = new Map<Target, number>();
  #idleSinceMs: number | undefined;
  #running: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(options: IdleControlOptions) {
    this.#options = options;
    this.#targets = options.devices
      .filter(({ profile }) => !profile.emulated)
      .flatMap((device) => device.profile.eps.map(({ name: ep }) => ({ device, ep })).filter((target) => isOwn(target)));
  }

  /** Whether the machine's load is its own: gates are not to close because of it. */
  get measuring(): boolean {
    return this.#running !== undefined;
  }

  /** Called every few seconds. */
  consider(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#options.isIdle()) {
      this.#end('the machine is not idle any more');
      return;
    }
    this.#idleSinceMs ??= nowMs;
    if (this.#running !== undefined || nowMs - this.#idleSinceMs < IDLE_MS) return;
    const target = this.#targets.find((candidate) => nowMs - (this.#lookedMs.get(candidate) ?? Number.NEGATIVE_INFINITY) >= LOOK_AGAIN_MS);
    if (target !== undefined) this.#start(target, nowMs);
  }

  /** Ends what is under way; resolves when its process is gone. At once where nothing is. */
  async giveWay(): Promise<void> {
    this.#end('a task has come');
    await this.#running?.ended;
  }

  #end(why: string): void {
    this.#idleSinceMs = undefined;
    this.#running?.controller.abort(new Error(why));
  }

  #start(target: Target, nowMs: number): void {
    const controller = new AbortController();
    this.#lookedMs.set(target, nowMs);
    const ended = this.#options.measure(target.device, target.ep, controller.signal).finally(() => {
      this.#running = undefined;
      if (controller.signal.aborted) this.#lookedMs.delete(target);
    });
    this.#running = { controller, ended };
  }
}

/** The CPU's provider is offered for every device of a machine, and belongs to its processor. */
function isOwn({ device, ep }: Target): boolean {
  return ep !== CPU_EP || device.profile.class === 'cpu';
}
