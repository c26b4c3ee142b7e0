import { createGrpcTransport } from '../../agent/connection/grpc-transport.ts';
import { Session, type SessionHandlers } from '../../agent/connection/session.ts';
import type { AgentLog } from '../../agent/log-events.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { Assignment, AttemptOutcome, LeaseRef } from '../../domain/task.ts';
import { deviceOf, hostOf } from '../../test/farm/devices.ts';
import { benchmarked, converted, reportOf } from '../../test/farm/results.ts';
import type { HistoryEntry } from './history.ts';

/** A task in hand. */
interface Held {
  readonly lease: LeaseRef;
  /** Null while the work goes on. */
  outcome: AttemptOutcome | null;
}

export interface ChaosAgentOptions {
  readonly agentId: string;
  /** Of all coordinators. */
  readonly urls: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: AgentLog;
  /** A stored blob that every result names. */
  readonly blob: Blob;
  /** Longest that a task takes. */
  readonly workMs: number;
  record(entry: HistoryEntry): void;
}

/**
 * A scripted agent that writes down what it is told and what it sends. As the real one does it keeps results until they are acknowledged; a killed one
 * keeps those that were ready and forgets work under way.
 */
export class ChaosAgent {
  readonly #options: ChaosAgentOptions;
  readonly #held = new Map<string, Held>();
  #session: Session | undefined;

  constructor(options: ChaosAgentOptions) {
    this.#options = options;
  }

  start(): void {
    const { urls, clock, random, log } = this.#options;
    const transport = createGrpcTransport(urls, { clock, random, terms: () => ({ identity: undefined, insecure: false }) });
    this.#session = new Session({ transport, handlers: this.#handlers(), clock, random, log, url: urls });
    this.#session.start();
  }

  /** Ends like a process that is killed: work is lost, results on disk are not. */
  async kill(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    for (const [key, { outcome }] of this.#held) if (outcome === null) this.#held.delete(key);
    await session?.stop();
  }

  #handlers(): SessionHandlers {
    return {
      hello: () => this.#facts(),
      status: () => ({ state: 'ready', why: '' }),
      deviceStates: async () => ({}),
      renewals: () => [...this.#held.values()].map(({ lease }) => lease),
      onConnected: () => this.#resend(),
      onVerdicts: (verdicts) => {
        for (const { lease, verdict } of verdicts) if (verdict === 'abandon') this.#held.delete(keyOf(lease));
      },
      onAssign: (assignment) => this.#take(assignment),
      onCompleteAck: ({ lease, recorded, error }) => {
        const { agentId, record } = this.#options;
        record({ type: 'result-answered', agentId, ...pick(lease), recorded, code: error?.code ?? null });
        this.#held.delete(keyOf(lease));
      },
      onCancel: (lease) => this.#finish(lease, { state: 'cancelled' }),
      onRevoke: (lease) => void this.#held.delete(keyOf(lease)),
      onDrain: () => {},
      onTick: () => {},
    };
  }

  #facts() {
    const { agentId } = this.#options;
    return {
      agentVersion: 'scripted',
      agentId,
      instanceId: `instance-${agentId}`,
      host: hostOf(`host-${agentId}`),
      devices: [deviceOf(`${agentId}/cpu0`)],
      missing: [],
      status: { state: 'ready', why: '' } as const,
      heldLeases: [...this.#held.values()].map(({ lease, outcome }) => ({ lease, stage: null, resultPending: outcome !== null })),
    };
  }

  #take({ lease, spec }: Assignment): void {
    const { agentId, blob, workMs, clock, random, record } = this.#options;
    record({ type: 'assigned', agentId, ...pick(lease), token: lease.token });
    this.#held.set(keyOf(lease), { lease, outcome: null });
    this.#session?.send({ type: 'accept', lease });
    const report = reportOf({ artifacts: { 'samples-0.f64': blob } });
    const outcome = spec.kind === 'convert' ? converted(blob) : benchmarked(report);
    clock.after(random.float() * workMs, () => this.#finish(lease, outcome));
  }

  #finish(lease: Pick<LeaseRef, 'taskId' | 'attempt'>, outcome: AttemptOutcome): void {
    const held = this.#held.get(keyOf(lease));
    if (held === undefined || held.outcome !== null) return;
    held.outcome = outcome;
    this.#send(held.lease, outcome);
  }

  #resend(): void {
    for (const { lease, outcome } of this.#held.values()) if (outcome !== null) this.#send(lease, outcome);
  }

  #send(lease: LeaseRef, outcome: AttemptOutcome): void {
    const { agentId, record } = this.#options;
    record({ type: 'result-sent', agentId, ...pick(lease) });
    this.#session?.send({ type: 'complete', lease, outcome });
  }
}

function pick({ taskId, attempt }: Pick<LeaseRef, 'taskId' | 'attempt'>) {
  return { taskId, attempt };
}

function keyOf({ taskId, attempt }: Pick<LeaseRef, 'taskId' | 'attempt'>): string {
  return `${taskId}#${attempt}`;
}
