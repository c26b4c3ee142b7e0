import type { DeviceState } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { GateFinding, GateName } from '../../domain/gate.ts';
import type { Clock } from '../../domain/ports.ts';
import { findingsOf, type GateLimits, openingLimits } from './gate-rules.ts';

/** What a gate does: the machine takes no work until it is over, or results are labelled. There is no third way. */
export type GateAction = 'wait' | 'label';

/** How this machine is guarded. */
export interface GateSettings {
  readonly actions: Readonly<Record<GateName, GateAction>>;
  readonly limits: GateLimits;
  /** How long a gate must find nothing before it opens, and `busy` must find something before it closes. */
  readonly settleMs: number;
}

/** Closes after it has lasted: compilers and updaters come and go. The others close at the first sight of them. */
const SLOW: ReadonlySet<GateName> = new Set(['busy']);

interface Gate {
  /** What closed it or is about to. */
  readonly finding: GateFinding;
  readonly sinceMs: number;
  /** Last time it found something. */
  readonly lastMs: number;
  readonly isClosed: boolean;
}

/**
 * Watches the devices between tasks, and keeps the machine from work while a gate that waits is closed.
 *
 * ```
 *   open ──finds something (busy: for settleMs)──> closed ──finds nothing, by laxer limits, for settleMs──> open
 * ```
 */
export class GateKeeper {
  readonly #settings: GateSettings;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #gates = new Map<GateName, Gate>();
  #before: Readonly<Record<string, DeviceState>> = {};

  constructor(settings: GateSettings, clock: Pick<Clock, 'monotonicMs'>) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Why the machine waits; undefined when it may work. */
  get problem(): GroveError | undefined {
    const closed = [...this.#gates.values()].filter(({ isClosed }) => isClosed);
    if (closed.length === 0) return undefined;
    return new GroveError('gate-closed', { why: closed.map(({ finding }) => finding.why).join('; ') });
  }

  /**
   * One look at every device.
   *
   * @param isIdle whether the agent runs no task and measures nothing.
   */
  observe(states: Readonly<Record<string, DeviceState>>, isIdle: boolean): void {
    const found = new Map<GateName, GateFinding>();
    const nowMs = this.#clock.monotonicMs();
    for (const [name, state] of Object.entries(states)) {
      const observation = { state, before: this.#before[name], isIdle };
      for (const finding of this.#findingsFor(observation)) if (!found.has(finding.gate)) found.set(finding.gate, finding);
    }
    this.#before = states;
    for (const finding of found.values()) this.#find(finding, nowMs);
    for (const [name, gate] of this.#gates) {
      const isOver = gate.isClosed ? nowMs - gate.lastMs >= this.#settings.settleMs : !found.has(name);
      if (!found.has(name) && isOver) this.#gates.delete(name);
    }
  }

  /** Of the gates that wait: a closed one is held against the laxer limits. */
  #findingsFor(observation: Parameters<typeof findingsOf>[0]): readonly GateFinding[] {
    const { limits, actions } = this.#settings;
    const strict = findingsOf(observation, limits);
    const lax = findingsOf(observation, openingLimits(limits)).filter(({ gate }) => this.#gates.get(gate)?.isClosed);
    return [...strict, ...lax].filter(({ gate }) => actions[gate] === 'wait');
  }

  #find(finding: GateFinding, nowMs: number): void {
    const { settleMs } = this.#settings;
    const known = this.#gates.get(finding.gate);
    const sinceMs = known?.sinceMs ?? nowMs;
    const isClosed = known?.isClosed || !SLOW.has(finding.gate) || nowMs - sinceMs >= settleMs;
    this.#gates.set(finding.gate, { finding, sinceMs, lastMs: nowMs, isClosed });
  }
}
