import { CPU_EP } from '../../domain/names.ts';
import type { Placement } from '../../domain/report.ts';
import { type ProfilingRequest, profilingResultSchema } from '../../engine/benchmark/run-profiling-launch.ts';
import { asJson } from '../runner/as-json.ts';
import type { TaskContext } from '../runner/stage.ts';

/** Inferences of the profiling launch, the first of which is not counted. */
const PROFILED_RUNS = 3;

/** Where the nodes of a model ran when a heavy one ran off the session's provider; undefined when none did. The CPU's provider runs all of them. */
export async function heavyNodesElsewhere(
  where: Pick<ProfilingRequest, 'session' | 'inputs' | 'outputFolder'>,
  context: Pick<TaskContext, 'inChild'>,
  timeoutMs: number,
): Promise<Placement | undefined> {
  if (where.session.ep === CPU_EP) return undefined;
  const request: ProfilingRequest = { ...where, runs: PROFILED_RUNS };
  const { placement } = await context.inChild({ stage: 'profile', request: asJson(request), result: profilingResultSchema, timeoutMs });
  return placement.fellBack ? placement : undefined;
}
