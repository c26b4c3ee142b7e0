import type { FleetReport } from './fleet-protocol.ts';

/** What the agents of a fleet see, from one `measure` to its report. */
export class Meter {
  readonly #onFull: (report: FleetReport) => void;
  #startMs = performance.now();
  #until = Number.POSITIVE_INFINITY;
  #recordedAtMs: number[] = [];
  #cycleMs: number[] = [];
  #troubles = 0;

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

  trouble(): void {
    this.#troubles += 1;
  }
}
