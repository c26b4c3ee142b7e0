import { Session, type SessionHandlers } from '../../agent/connection/session.ts';
import type { AgentLog } from '../../agent/log-events.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { AgentStatus } from '../../domain/protocol.ts';
import type { Assignment, AttemptOutcome, LeaseRef } from '../../domain/task.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import { benchmarked, converted } from '../../test/farm/results.ts';
import type { FleetConfig } from './fleet-protocol.ts';
import { createHttp2Transport } from './http2-transport.ts';
import type { Meter } from './meter.ts';

type AttemptKey = Pick<LeaseRef, 'taskId' | 'attempt'>;

/** A task in hand: its result is sent until it is acknowledged. */
interface Held {
  readonly lease: LeaseRef;
  readonly assignedAtMs: number;
  /** Null while the task runs. */
  outcome: AttemptOutcome | null;
}

export interface SimulatedAgentOptions {
  readonly index: number;
  readonly config: FleetConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly meter: Meter;
}

/** An agent that speaks the real protocol in a real agent's session and whose work is a script: wait, then answer with a valid result. */
export class SimulatedAgent {
  readonly #options: SimulatedAgentOptions;
  readonly #agentId: string;
  readonly #session: Session;
  readonly #held = new Map<string, Held>();
  #ready: boolean;
  #connections = 0;
  #joined: () => void = () => {};

  constructor(options: SimulatedAgentOptions) {
    const { clock, random, log, config } = options;
    this.#options = options;
    this.#ready = config.ready;
    this.#agentId = `sim-${options.index}`;
    this.#session = new Session({
      transport: createHttp2Transport({ address: config.grpcAddress, clock, random }),
      handlers: this.#handlers(),
      clock,
      random,
      log,
      url: config.grpcAddress,
    });
  }

  /** Connects; resolves after the first welcome. */
  join(): Promise<void> {
    const joined = new Promise<void>((resolve) => {
      this.#joined = resolve;
    });
    this.#session.start();
    return joined;
  }

  takeWork(): void {
    this.#ready = true;
    this.#session.statusChanged();
  }

  #handlers(): SessionHandlers {
    return {
      hello: () => this.#facts(),
      status: () => this.#status(),
      deviceStates: async () => ({}),
      renewals: () => [...this.#held.values()].map(({ lease }) => lease),
      onConnected: () => this.#connected(),
      onVerdicts: (verdicts) => {
        for (const { lease, verdict } of verdicts) if (verdict === 'abandon') this.#drop(lease);
      },
      onAssign: (assignment) => this.#take(assignment),
      onCompleteAck: ({ lease, recorded }) => this.#acknowledged(lease, recorded),
      onCancel: (lease) => this.#finish(lease, { state: 'cancelled' }),
      onRevoke: (lease) => this.#drop(lease),
      onDrain: () => {},
      onTick: () => {},
    };
  }

  #facts() {
    const { index, config } = this.#options;
    const device = deviceOf(`${this.#agentId}/cpu0`, { labels: { lane: `${index % config.lanes}` } });
    return {
      agentVersion: 'simulated',
      agentId: this.#agentId,
      instanceId: `instance-${this.#agentId}`,
      host: hostOf(`host-${this.#agentId}`),
      devices: [device],
      missing: [],
      status: this.#status(),
      heldLeases: [...this.#held.values()].map(({ lease, outcome }) => ({ lease, stage: null, resultPending: outcome !== null })),
    };
  }

  #status(): AgentStatus {
    return this.#ready ? { state: 'ready', why: '' } : { state: 'not-ready', why: 'the bench has not begun' };
  }

  #connected(): void {
    this.#connections += 1;
    if (this.#connections > 1) this.#options.meter.welcomedAgain();
    this.#joined();
    for (const { lease, outcome } of this.#held.values()) if (outcome !== null) this.#session.send({ type: 'complete', lease, outcome });
  }

  #take({ lease, spec }: Assignment): void {
    const { config, clock } = this.#options;
    this.#held.set(keyOf(lease), { lease, assignedAtMs: performance.now(), outcome: null });
    this.#session.send({ type: 'accept', lease });
    const outcome = spec.kind === 'convert' ? converted(config.model) : benchmarked();
    if (config.taskMs === 0) this.#finish(lease, outcome);
    else clock.after(config.taskMs, () => this.#finish(lease, outcome));
  }

  #finish(key: AttemptKey, outcome: AttemptOutcome): void {
    const held = this.#held.get(keyOf(key));
    if (held === undefined) return;
    held.outcome = outcome;
    this.#session.send({ type: 'complete', lease: held.lease, outcome });
  }

  #acknowledged(key: AttemptKey, recorded: boolean): void {
    const held = this.#held.get(keyOf(key));
    if (held === undefined) return;
    this.#held.delete(keyOf(key));
    if (recorded) this.#options.meter.recorded(held.assignedAtMs);
    else this.#options.meter.trouble();
  }

  #drop(key: AttemptKey): void {
    if (this.#held.delete(keyOf(key))) this.#options.meter.abandoned();
  }
}

function keyOf({ taskId, attempt }: AttemptKey): string {
  return `${taskId}#${attempt}`;
}
