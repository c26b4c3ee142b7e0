import type { JobView } from '../../api/jobs.ts';
import type { TaskSummary } from '../../api/tasks.ts';
import { GroveError } from '../../domain/errors.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';

/** A conversion of a job and the recipes that share it. */
interface Choice {
  readonly task: TaskSummary;
  /** Recipe ids: the conversion's own, and those of the benchmarks that wait for it. */
  readonly recipes: readonly string[];
}

/**
 * The conversion of a job whose model is meant: its only one, or that of `recipe` (a label or an id). Throws `invalid-argument` when several are
 * possible or none bears that name, `not-found` when it has not been converted.
 */
export function chooseConversion(job: Pick<JobView, 'jobId' | 'tasks'>, recipe: string | undefined): TaskSummary {
  const choices = choicesOf(job.tasks).filter(({ recipes }) => recipe === undefined || recipes.some((id) => isCalled(id, recipe)));
  const [first, ...others] = choices;
  if (first === undefined) throw noneCalled(job, recipe);
  if (others.length > 0) {
    const names = choices.map(({ recipes }) => recipes.map(recipeLabel).join(' or ')).join(', ');
    throw new GroveError('invalid-argument', {
      problem: `job ${job.jobId} has ${choices.length} models: choose one with --recipe (${names})`,
    });
  }
  if (first.task.state !== 'completed')
    throw new GroveError('not-found', {
      kind: 'converted model',
      id: `${job.jobId} ${first.recipes.map(recipeLabel).join(', ')}: ${whyNot(first.task)}`,
    });
  return first.task;
}

function choicesOf(tasks: readonly TaskSummary[]): readonly Choice[] {
  return tasks
    .filter(({ kind }) => kind === 'convert')
    .map((task) => {
      const sharers = tasks.filter(({ kind, needs }) => kind === 'benchmark' && needs.includes(task.taskId));
      return {
        task,
        recipes: [...new Set([...sharers.map(({ recipeId }) => recipeId), ...(sharers.length === 0 ? [task.recipeId] : [])])],
      };
    });
}

function isCalled(recipeId: string, name: string): boolean {
  return recipeId === name || recipeLabel(recipeId) === name;
}

function noneCalled(job: Pick<JobView, 'jobId' | 'tasks'>, recipe: string | undefined): GroveError {
  const names = choicesOf(job.tasks).flatMap(({ recipes }) => recipes.map(recipeLabel));
  const problem =
    recipe === undefined || names.length === 0 ? 'it converts nothing' : `no recipe of it is called "${recipe}", but ${names.join(', ')}`;
  return new GroveError('invalid-argument', { problem: `job ${job.jobId}: ${problem}` });
}

function whyNot({ state, error }: TaskSummary): string {
  return error === null ? state : `${state}/${error.code}`;
}
