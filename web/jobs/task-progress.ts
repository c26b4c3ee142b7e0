import type { TaskSummary } from '../../api/tasks.ts';
import { STAGES } from '../../api/words.ts';

/** Where one stage of a task is. */
export interface StageView {
  readonly stage: string;
  readonly is: 'done' | 'now' | 'ahead';
  /** 0 to 1 of the stage that is now; null where nothing is known. */
  readonly fraction: number | null;
}

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'exception', 'cancelled']);

/** The stages of a task in order, and where it is. An agent leaves out stages that have nothing to do. */
export function stagesOf({ kind, state, progress }: Pick<TaskSummary, 'kind' | 'state' | 'progress'>): readonly StageView[] {
  const stages: readonly string[] = STAGES[kind];
  const at = state === 'running' && progress !== null ? stages.indexOf(progress.stage) : state === 'completed' ? stages.length : -1;
  return stages.map((stage, index) => ({
    stage,
    is: index < at ? 'done' : index === at ? 'now' : 'ahead',
    fraction: index === at ? (progress?.fraction ?? null) : null,
  }));
}

/** Whether nothing more happens to a task or job. */
export function hasEnded(state: string): boolean {
  return ENDED.has(state);
}
