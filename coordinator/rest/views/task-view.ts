import type { AttemptView, ProgressView, TaskSummary, TaskView } from '../../../api/tasks.ts';
import { reportText } from '../../../domain/cell-text.ts';
import type { TaskSpec } from '../../../domain/task.ts';
import type { AttemptRecord, TaskRecord } from '../../store/task-store.ts';
import type { ProgressSource } from '../deps.ts';

/** A task as people see it: without fencing tokens and without the recipe's text. */
export function taskSummary(task: TaskRecord, progress: Pick<ProgressSource, 'latest'>): TaskSummary {
  const { taskId, spec, state, error, priority, submitter, requirement, createdAt, enqueuedAt, endedAt } = task;
  return {
    taskId,
    kind: spec.kind,
    jobIds: [...task.jobIds],
    recipeId: spec.recipe.recipeId,
    recipeDigest: spec.recipe.digest,
    modelId: modelIdOf(spec),
    state,
    error,
    priority,
    submitter,
    needs: [...task.needs],
    requirement,
    createdAt,
    enqueuedAt,
    endedAt,
    maxAttempts: task.retry.maxAttempts,
    attempts: task.attempts.map(attemptView),
    summary: task.result?.kind === 'benchmark' ? reportText(task.result.report) : '',
    progress: state === 'running' ? currentProgress(task, progress) : null,
  };
}

/** A task with what came of it. */
export function taskView(task: TaskRecord, progress: Pick<ProgressSource, 'latest'>): TaskView {
  return { ...taskSummary(task, progress), result: task.result };
}

function modelIdOf(spec: TaskSpec): string | null {
  return spec.kind === 'convert' ? null : spec.modelId;
}

/** Progress of an attempt that was lost says nothing about the one that runs now. */
function currentProgress(task: TaskRecord, progress: Pick<ProgressSource, 'latest'>): ProgressView | null {
  const latest = progress.latest(task.taskId);
  return latest !== undefined && latest.attempt === task.attempts.at(-1)?.attempt ? latest : null;
}

function attemptView(record: AttemptRecord): AttemptView {
  const { attempt, agentId, deviceName, leasedAt, acceptedAt, endedAt, ended, cancelRequestedBy } = record;
  return { attempt, agentId, deviceName, leasedAt, acceptedAt, endedAt, ended, cancelRequestedBy };
}
