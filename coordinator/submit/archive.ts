import { canonicalJson } from '../../domain/json.ts';
import type { Clock } from '../../domain/ports.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { SubmitCommand } from '../store/task-store.ts';

/** Tries again after these pauses: the artifact store may be away for a moment, and a submit must not wait for it. */
const RETRY_PAUSES_MS = [100, 300, 1_000, 5_000, 30_000];

export interface ArchiveDeps {
  readonly artifacts: Pick<ArtifactStore, 'put'>;
  readonly clock: Clock;
  onArchived(jobId: string, sha256: string): void;
  onGivenUp(jobId: string, error: unknown): void;
}

export interface JobArchive {
  /** Stores the job's document in the background, at once and then with growing pauses. */
  add(command: SubmitCommand): void;
  /** Resolves when nothing is in flight; documents still waiting for another try are given up. */
  stop(): Promise<void>;
}

/**
 * Copies job documents into the artifact store, so that jobs a task store lost can be detected and derived again. The document holds what `expand`
 * needs and no token.
 */
export function createJobArchive(deps: ArchiveDeps): JobArchive {
  const inFlight = new Set<Promise<void>>();
  let stopped = false;

  const store = async (command: SubmitCommand, tried: number): Promise<void> => {
    try {
      const { sha256 } = await deps.artifacts.put(Buffer.from(documentOf(command)));
      deps.onArchived(command.jobId, sha256);
    } catch (error) {
      const pauseMs = RETRY_PAUSES_MS[tried];
      if (stopped || pauseMs === undefined) deps.onGivenUp(command.jobId, error);
      else deps.clock.after(pauseMs, () => start(command, tried + 1));
    }
  };

  const start = (command: SubmitCommand, tried: number): void => {
    if (stopped) return;
    const running = store(command, tried).finally(() => inFlight.delete(running));
    inFlight.add(running);
  };

  return {
    add: (command) => start(command, 0),
    async stop() {
      stopped = true;
      await Promise.all(inFlight);
    },
  };
}

function documentOf({ tasks, ...job }: SubmitCommand): string {
  const { now, principal, jobId, idempotencyKey, requestDigest, spec } = job;
  const taskIds = tasks.map(({ taskId }) => taskId);
  return canonicalJson({ schemaVersion: 1, kind: 'job', submittedAt: now, principal, jobId, idempotencyKey, requestDigest, spec, taskIds });
}
