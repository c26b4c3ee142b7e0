import type { Clock } from '../../domain/ports.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';
import type { TaskRecord, TaskStore } from '../store/task-store.ts';

/** Reading every benchmark costs as much as the farm has history; estimates may be this old. */
const FRESH_MS = 5_000;

/** What decides how long a benchmark takes, but for the machine. */
export function workKey({ recipe, executedEp, tier, launches, task }: BenchmarkSpec): string {
  return [recipe.digest, executedEp, tier, launches, task].join('|');
}

/** How long each kind of benchmark took last, milliseconds by {@link workKey}. */
export class LastDurations {
  readonly #store: Pick<TaskStore, 'benchmarks'>;
  readonly #clock: Clock;
  #known: ReadonlyMap<string, number> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(store: Pick<TaskStore, 'benchmarks'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Of these kinds of work; waits for the store only when one is not known. Throws what the store throws then. */
  async of(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const isMissing = keys.some((key) => !this.#known.has(key));
    if (isMissing || this.#clock.monotonicMs() - this.#readAtMs > FRESH_MS) this.#reading ??= this.#read();
    if (isMissing) await this.#reading;
    // Nobody waits for it, and a later call reads again.
    else this.#reading?.catch(() => {});
    return this.#known;
  }

  async #read(): Promise<void> {
    try {
      this.#known = durationsOf(await this.#store.benchmarks());
      this.#readAtMs = this.#clock.monotonicMs();
    } finally {
      this.#reading = undefined;
    }
  }
}

/** @param benchmarks oldest first. */
function durationsOf(benchmarks: readonly TaskRecord[]): ReadonlyMap<string, number> {
  const durations = new Map<string, number>();
  for (const { spec, state, attempts } of benchmarks) {
    const last = attempts.at(-1);
    if (spec.kind !== 'benchmark' || state !== 'completed' || last?.endedAt == null || last.acceptedAt === null) continue;
    durations.set(workKey(spec), last.endedAt - last.acceptedAt);
  }
  return durations;
}
