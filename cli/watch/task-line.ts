import type { TaskSummary } from '../../api/tasks.ts';
import { recipeLabel } from '../../domain/matrix-text.ts';
import { STAGES } from '../../domain/task.ts';
import { isEnd } from '../../domain/task-state.ts';

/** What the watcher shows of one task. */
export interface TaskLine {
  /** `convert trtrtx.json`. */
  readonly label: string;
  /** 0 to 1 over all stages. */
  readonly fraction: number;
  /** `measure 3/5`, `waiting for its conversion`, `failed/unsupported-pass: ...`. */
  readonly status: string;
  /** `5.61 ms ±1.1%, cos 0.998`: what a benchmark found; empty otherwise. */
  readonly summary: string;
}

type Shown = Pick<TaskSummary, 'kind' | 'recipeId' | 'state' | 'error' | 'summary' | 'progress'> & {
  readonly attempts: readonly unknown[];
};

/** One task in one line. Pure, so that bars and plain lines say the same. */
export function taskLine(task: Shown): TaskLine {
  return { label: `${task.kind} ${recipeLabel(task.recipeId)}`, fraction: fractionOf(task), status: statusOf(task), summary: task.summary };
}

function fractionOf({ kind, state, progress }: Shown): number {
  if (isEnd(state)) return 1;
  if (progress === null || state !== 'running') return 0;
  const stages: readonly string[] = STAGES[kind];
  const index = Math.max(0, stages.indexOf(progress.stage));
  return Math.min(1, (index + progress.fraction) / stages.length);
}

function statusOf({ kind, state, error, progress, attempts }: Shown): string {
  if (state === 'completed') return 'done';
  if (isEnd(state)) return error === null ? state : `${state}/${error.code}`;
  if (state === 'waiting') return kind === 'benchmark' ? 'waits for its conversion' : 'waits for its source';
  if (state === 'pending') return error === null ? 'queued' : `queued again after ${error.code} (attempt ${attempts.length})`;
  if (state === 'leased') return 'assigned';
  return progress === null ? 'starting' : [progress.stage, progress.note].filter((part) => part !== '').join(' ');
}
