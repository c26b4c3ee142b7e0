import type { TaskResult } from '../../domain/task.ts';
import type { EnterStage, TaskContext } from '../runner/stage.ts';
import { BENCHMARK_TASK, startBenchmark } from './benchmark-task.ts';
import { CONVERT_TASK } from './convert-task.ts';
import { RESOLVE_TASK } from './resolve-task.ts';

/** Runs the stages of whatever kind of task was assigned. */
export async function runTask(context: TaskContext, enter: EnterStage): Promise<TaskResult> {
  const { assignment } = context;
  const { spec } = assignment;
  switch (spec.kind) {
    case 'resolve':
      return await RESOLVE_TASK.run({ spec }, context, enter);
    case 'convert':
      return await CONVERT_TASK.run({ spec }, context, enter);
    case 'benchmark':
      return await BENCHMARK_TASK.run(startBenchmark(spec, assignment), context, enter);
  }
}
