import type { BenchmarkSpec } from '../../domain/task.ts';
import type { NewTask, TaskRecord } from '../store/task-store.ts';

/**
 * Milliseconds until a job's benchmarks end, from how long the same benchmarks took before; null when one was never measured or a conversion must run
 * first, whose duration is unknown. Work of other jobs is not counted: the estimate is a lower bound on a busy farm.
 */
export function estimateEta(tasks: readonly NewTask[], earlier: readonly TaskRecord[]): number | null {
  const durations = new Map(earlier.flatMap((task) => durationEntry(task)));
  const busyMs = new Map<string, number>();
  for (const { spec, requirement, endedAs } of tasks) {
    if (spec.kind !== 'benchmark' || endedAs !== undefined) continue;
    const durationMs = durations.get(workKey(spec));
    if (durationMs === undefined) return null;
    const place = requirement.unit ?? requirement.deviceModel ?? requirement.deviceClass;
    busyMs.set(place, (busyMs.get(place) ?? 0) + durationMs);
  }
  return busyMs.size === 0 ? null : Math.max(...busyMs.values());
}

function durationEntry({ spec, attempts, state }: TaskRecord): readonly [string, number][] {
  const last = attempts.at(-1);
  if (spec.kind !== 'benchmark' || state !== 'completed' || last === undefined || last.endedAt === null || last.acceptedAt === null)
    return [];
  return [[workKey(spec), last.endedAt - last.acceptedAt]];
}

function workKey({ recipe, executedEp, tier, launches, task }: BenchmarkSpec): string {
  return [recipe.digest, executedEp, tier, launches, task].join('|');
}
