import { GroveError } from '../../domain/errors.ts';
import type { TaskId } from '../../domain/names.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { AttemptOutcome, TaskResult } from '../../domain/task.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { CompleteAnswer, CompleteCommand, TaskStore } from '../store/task-store.ts';
import { blobsOf } from './readable-blobs.ts';

/** Look-ups in flight at once. */
const CONCURRENCY = 16;

export interface RecordDeps {
  readonly store: Pick<TaskStore, 'complete'>;
  readonly artifacts: Pick<ArtifactStore, 'claim'>;
  /** Undefined for a task that does not exist. */
  kindOf(taskId: TaskId): Promise<TaskResult['kind'] | undefined>;
}

/**
 * Records an outcome whose documents fit the task and whose blobs are all stored. A result with a missing blob becomes `exception/transfer-failed`, so
 * that the task is tried again rather than counted. A result that cannot be this task's becomes `exception/malformed-message`: refused instead, it
 * would be forgotten by its agent and the lease would run out as if the agent were lost. Throws what `complete` throws.
 */
export async function recordResult({ store, artifacts, kindOf }: RecordDeps, command: CompleteCommand): Promise<CompleteAnswer> {
  const { outcome, lease } = command;
  const kind = outcome.state === 'completed' ? await kindOf(lease.taskId) : undefined;
  const problem = outcome.state === 'completed' && kind !== undefined ? misfit(outcome.result, kind) : undefined;
  const recorded = problem === undefined ? await withStoredBlobs(outcome, artifacts, command.now) : unreadable(problem);
  return store.complete({ ...command, outcome: recorded });
}

function misfit(result: TaskResult, kind: TaskResult['kind']): string | undefined {
  if (result.kind !== kind) return `a ${result.kind} result for a ${kind} task`;
  if (result.kind === 'convert' && !Object.hasOwn(result.artifact.files, 'model.onnx')) return 'the converted model has no model.onnx';
  return undefined;
}

function unreadable(problem: string): AttemptOutcome {
  return { state: 'exception', error: new GroveError('malformed-message', { message: 'complete', problem }).toReport() };
}

async function withStoredBlobs(outcome: AttemptOutcome, artifacts: RecordDeps['artifacts'], now: EpochMs): Promise<AttemptOutcome> {
  if (outcome.state !== 'completed') return outcome;
  const missing = await firstMissing(outcome.result, artifacts, now);
  if (missing === undefined) return outcome;
  const error = new GroveError('transfer-failed', { what: `result blob ${missing}`, problem: 'it is not in the artifact store' });
  return { state: 'exception', error: error.toReport() };
}

async function firstMissing(result: TaskResult, artifacts: RecordDeps['artifacts'], now: EpochMs): Promise<string | undefined> {
  const open = [...blobsOf(result)];
  let missing: string | undefined;
  const worker = async (): Promise<void> => {
    for (let blob = open.pop(); blob !== undefined && missing === undefined; blob = open.pop()) {
      const stored = await artifacts.claim(blob.sha256, now);
      if (stored?.sizeBytes !== blob.sizeBytes) missing = blob.sha256;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return missing;
}
