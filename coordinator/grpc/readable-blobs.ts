import { GroveError } from '../../domain/errors.ts';
import type { Blob, FileMap } from '../../domain/manifest.ts';
import type { GrantRequest } from '../../domain/protocol.ts';
import type { LeaseRef, TaskResult } from '../../domain/task.ts';
import type { AttemptRecord, TaskRecord, TaskStore } from '../store/task-store.ts';

/** Largest blob an agent may store: above any converted model, below a filled disk. */
const MAX_PUT_BYTES = 64 * 1024 ** 3;

/** Throws `stale-token` unless the lease is the task's live one and this agent's. */
export function assertLive(task: TaskRecord | undefined, agentId: string, lease: LeaseRef): TaskRecord {
  const attempt = task?.attempts.find((one) => isLease(one, agentId, lease));
  if (task === undefined || attempt === undefined) throw new GroveError('stale-token', { taskId: lease.taskId, attempt: lease.attempt });
  return task;
}

function isLease({ attempt, token, agentId, ended }: AttemptRecord, holder: string, lease: LeaseRef): boolean {
  return attempt === lease.attempt && token === lease.token && agentId === holder && ended === null;
}

/**
 * Throws `grant-refused` for a read of anything but the task's own inputs, so that one agent cannot fetch another job's model, and `too-large` for an
 * unreasonable upload.
 */
export async function assertGrantable(request: GrantRequest, task: TaskRecord, store: Pick<TaskStore, 'task'>): Promise<void> {
  if (request.direction === 'put') {
    const large = request.blobs.find(({ sizeBytes }) => sizeBytes > MAX_PUT_BYTES);
    if (large !== undefined)
      throw new GroveError('too-large', { what: `Blob ${large.sha256}`, sizeBytes: large.sizeBytes, limitBytes: MAX_PUT_BYTES });
    return;
  }
  const readable = new Set((await inputsOf(task, store)).map(blobName));
  const foreign = request.blobs.find((blob) => !readable.has(blobName(blob)));
  if (foreign !== undefined)
    throw new GroveError('grant-refused', { problem: `blob ${foreign.sha256} is no input of task ${task.taskId}` });
}

function blobName({ sha256, sizeBytes }: Blob): string {
  return `${sha256} ${sizeBytes}`;
}

async function inputsOf({ spec }: TaskRecord, store: Pick<TaskStore, 'task'>): Promise<readonly Blob[]> {
  if (spec.kind === 'resolve') return Object.values(spec.localFiles);
  if (spec.kind === 'convert') return Object.values(spec.source.files);
  const conversion = spec.conversionKey === null ? undefined : await store.task(`c-${spec.conversionKey}`);
  return conversion?.result == null ? [] : blobsOf(conversion.result);
}

/** Every blob a result names. */
export function blobsOf(result: TaskResult): readonly Blob[] {
  return filesOf(result).flatMap((files) => Object.values(files));
}

function filesOf(result: TaskResult): readonly FileMap[] {
  if (result.kind === 'resolve') return [result.source.files];
  if (result.kind === 'benchmark') return [result.report.artifacts];
  return result.reference === null ? [result.artifact.files] : [result.artifact.files, result.reference.files];
}
