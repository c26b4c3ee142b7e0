import type { FleetReport } from './fleet-protocol.ts';

/** What the agents of a fleet see, from one `measure` to its report. */
export class Meter {
  readonly #onFull: (report: FleetReport) => void;
  #startMs = performance.now();
  #until = Number.POSITIVE_INFINITY;
  #recordedAtMs: number[] = [];
  #cycleMs: number[] = [];
  #troubles = 0;
  /** Agents that must be welcomed again; null when nobody waits for that. */
  #away: { missing: number; abandoned: number; onReturned(abandoned: number): void } | null = null;

  constructor(onFull: (report: FleetReport) => void) {
    this.#onFull = onFull;
  }

  /** Begins again and reports after that many recorded results. */
  start(until: number): void {
    this.#startMs = performance.now();
    this.#until = until;
    this.#recordedAtMs = [];
    this.#cycleMs = [];
    this.#troubles = 0;
  }

  recorded(assignedAtMs: number): void {
    const nowMs = performance.now();
    this.#recordedAtMs.push(nowMs - this.#startMs);
    this.#cycleMs.push(nowMs - assignedAtMs);
    if (this.#recordedAtMs.length === this.#until) {
      this.#onFull({ recordedAtMs: this.#recordedAtMs, cycleMs: this.#cycleMs, troubles: this.#troubles });
    }
  }

  /** Counts down from `agents` with each {@link welcomedAgain}. */
  expectReturn(agents: number, onReturned: (abandoned: number) => void): void {
    this.#away = { missing: agents, abandoned: 0, onReturned };
  }

  welcomedAgain(): void {
    this.trouble();
    if (this.#away === null) return;
    this.#away.missing -= 1;
    if (this.#away.missing > 0) return;
    const { abandoned, onReturned } = this.#away;
    this.#away = null;
    onReturned(abandoned);
  }

  abandoned(): void {
    this.trouble();
    if (this.#away !== null) this.#away.abandoned += 1;
  }

  trouble(): void {
    this.#troubles += 1;
  }
}
