import type { BenchmarkSpec } from '../../domain/task.ts';
import type { NewTask, TaskRecord } from '../store/task-store.ts';

/**
 * Milliseconds until a job's benchmarks end, from how long the same benchmarks took last; null when one was never measured. Conversions are taken as
 * done and work of other jobs is not counted: the estimate is a lower bound on a busy farm.
 *
 * @param earlier benchmark tasks, oldest first.
 */
export function estimateEta(tasks: readonly NewTask[], earlier: readonly TaskRecord[]): number | null {
  const work = tasks.flatMap(({ spec, requirement, endedAs }) =>
    spec.kind === 'benchmark' && endedAs === undefined ? [{ key: workKey(spec), place: placeOf(requirement) }] : [],
  );
  const durations = lastDurations(new Set(work.map(({ key }) => key)), earlier);
  const busyMs = new Map<string, number>();
  for (const { key, place } of work) {
    const durationMs = durations.get(key);
    if (durationMs === undefined) return null;
    busyMs.set(place, (busyMs.get(place) ?? 0) + durationMs);
  }
  return busyMs.size === 0 ? null : Math.max(...busyMs.values());
}

/** Benchmarks of one place run one after another. */
function placeOf({ unit, deviceModel, deviceClass }: NewTask['requirement']): string {
  return unit ?? deviceModel ?? deviceClass;
}

/** Looks back only until every kind of work was found. */
function lastDurations(wanted: ReadonlySet<string>, earlier: readonly TaskRecord[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let index = earlier.length - 1; index >= 0 && found.size < wanted.size; index--) {
    const { spec, state, attempts } = earlier[index] ?? {};
    const last = attempts?.at(-1);
    if (spec?.kind !== 'benchmark' || state !== 'completed' || last?.endedAt == null || last.acceptedAt === null) continue;
    const key = workKey(spec);
    if (wanted.has(key) && !found.has(key)) found.set(key, last.endedAt - last.acceptedAt);
  }
  return found;
}

function workKey({ recipe, executedEp, tier, launches, task }: BenchmarkSpec): string {
  return [recipe.digest, executedEp, tier, launches, task].join('|');
}
