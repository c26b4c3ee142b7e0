import type { JobView } from '../../api/jobs.ts';
import type { TaskSummary } from '../../api/tasks.ts';
import { GroveError } from '../../domain/errors.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';

/** What of a job is meant; what is left out must not matter. */
export interface CompiledChoice {
  /** A label or an id. */
  readonly recipe?: string | undefined;
  readonly device?: string | undefined;
}

/** The benchmark of a job whose compiled model is meant. Throws `invalid-argument` when several are possible, `not-found` when none has ended. */
export function chooseCompiled({ jobId, tasks }: Pick<JobView, 'jobId' | 'tasks'>, { recipe, device }: CompiledChoice): TaskSummary {
  const ended = tasks.filter(
    (task) =>
      task.kind === 'benchmark' &&
      task.state === 'completed' &&
      (recipe === undefined || task.recipeId === recipe || recipeLabel(task.recipeId) === recipe) &&
      (device === undefined || deviceOf(task) === device),
  );
  const [first, ...others] = ended;
  if (first === undefined)
    throw new GroveError('not-found', { kind: 'completed benchmark', id: [jobId, recipe, device].filter(Boolean).join(' ') });
  if (others.length === 0) return first;
  const names = ended.map((task) => `${recipeLabel(task.recipeId)} on ${deviceOf(task)}`).join(', ');
  throw new GroveError('invalid-argument', {
    problem: `job ${jobId} has ${ended.length} benchmarks: choose one with --recipe and --device (${names})`,
  });
}

/** Where it ran. */
function deviceOf({ attempts }: TaskSummary): string {
  return attempts.at(-1)?.deviceName ?? '';
}
