import type { ErrorReport } from '../../domain/errors.ts';
import type { BenchmarkReport } from '../../domain/report.ts';
import type { BenchmarkSpec } from '../../domain/task.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { AttemptRecord, TaskRecord } from '../store/task-store.ts';

/** What the matrix needs of one benchmark task; depends on the task alone, so it is computed once per change of the task. */
export interface BenchmarkView {
  readonly task: TaskRecord;
  readonly spec: BenchmarkSpec;
  /** The attempt that measured, ended or is running; undefined before the first. */
  readonly attempt: AttemptRecord | undefined;
  /** Null unless it was measured. */
  readonly report: BenchmarkReport | null;
  /** Lint that its conversion found with the model; the recipe's own is not among them. */
  readonly modelFindings: number;
  /** Why it ended without a number: the failed conversion's reason when that is what stopped it. */
  readonly error: ErrorReport | null;
  /** State of the task or conversion behind `error`. */
  readonly endedAs: TaskRecord['state'];
  /** `input_ids[1,128] ...`; empty when nothing was bound. */
  readonly inputShape: string;
  /** `ac performance`; empty when nothing was measured. */
  readonly condition: string;
  /** When it was measured or ended, else when it was asked for; epoch milliseconds. Decides which of several counts. */
  readonly at: number;
}

const MAX_SHAPE_CHARS = 1_000;
const MAX_CONDITION_CHARS = 120;

/** @param needs the tasks that it needed, as they are now: one that ended badly is why it never ran. */
export function viewBenchmark(task: TaskRecord, spec: BenchmarkSpec, needs: readonly TaskRecord[]): BenchmarkView {
  const need = needs.find(({ state }) => state === 'failed' || state === 'exception');
  const report = task.state === 'completed' && task.result?.kind === 'benchmark' ? task.result.report : null;
  const blamed = task.error?.code === 'source-failed' && need?.error != null ? need : task;
  return {
    task,
    spec,
    attempt: task.attempts.at(-1),
    report,
    modelFindings: needs.reduce((sum, { result }) => sum + (result?.kind === 'convert' ? result.report.findings.length : 0), 0),
    error: isEnd(task.state) ? blamed.error : null,
    endedAs: blamed.state,
    inputShape: report === null ? '' : inputShapeOf(report),
    condition: report === null ? '' : conditionOf(report),
    at: task.endedAt ?? task.createdAt,
  };
}

function inputShapeOf({ inputShapes }: BenchmarkReport): string {
  const names = Object.keys(inputShapes).sort();
  return names
    .map((name) => `${name}[${inputShapes[name]?.join(',') ?? ''}]`)
    .join(' ')
    .slice(0, MAX_SHAPE_CHARS);
}

function conditionOf({ condition: { powerSource, powerMode } }: BenchmarkReport): string {
  const known = [powerSource, powerMode].filter((part) => part !== 'unknown' && part !== '');
  return known.length === 0 ? 'power unknown' : known.join(' ').slice(0, MAX_CONDITION_CHARS);
}

/** The recipe as a row names it: an export for another task is another model. */
export function rowRecipeId({ recipe, task }: BenchmarkSpec): string {
  return task === null ? recipe.recipeId : `${recipe.recipeId} --task ${task}`.slice(0, 200);
}
