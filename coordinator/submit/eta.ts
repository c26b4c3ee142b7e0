import type { NewTask } from '../store/task-store.ts';
import { workKey } from './last-durations.ts';

/** Where one benchmark of a job runs and which kind of work it is. */
export interface Work {
  readonly key: string;
  readonly place: string;
}

/** The benchmarks of a job that are to run. */
export function workOf(tasks: readonly NewTask[]): readonly Work[] {
  return tasks.flatMap(({ spec, requirement, endedAs }) =>
    spec.kind === 'benchmark' && endedAs === undefined ? [{ key: workKey(spec), place: placeOf(requirement) }] : [],
  );
}

/**
 * Milliseconds until a job's benchmarks end, from how long the same benchmarks took last; null when one was never measured. Conversions are taken as
 * done and work of other jobs is not counted: the estimate is a lower bound on a busy farm.
 */
export function estimateEta(work: readonly Work[], durations: ReadonlyMap<string, number>): number | null {
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
