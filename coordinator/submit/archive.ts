import { canonicalJson } from '../../domain/json.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { ArtifactStore, JobIndex } from '../artifacts/artifact-store.ts';
import type { JobRecord } from '../store/task-store.ts';

/** A document is written this long after its job was taken, so that it keeps the job's own way to disk and to an agent free. */
const PAUSE_MS = 300;

/** Tries again after these pauses: the artifact store may be away for a moment, and a submit must not wait for it. */
const RETRY_PAUSES_MS = [100, 300, 1_000, 5_000, 30_000];

export interface ArchiveDeps {
  readonly artifacts: Pick<ArtifactStore, 'put'>;
  readonly index: Pick<JobIndex, 'add'>;
  readonly clock: Clock;
  onArchived(jobId: string, sha256: string): void;
  onGivenUp(jobId: string, error: unknown): void;
}

/** What of a job is archived: only what never changes, so that a job has one document, whenever it is made. */
export type ArchivedJob = Pick<JobRecord, 'jobId' | 'principal' | 'submittedAt' | 'spec'>;

export interface JobArchive {
  /** Stores the job's document in the background, a moment later and then with growing pauses. */
  add(job: ArchivedJob): void;
  /**
   * Stores the documents of jobs that an earlier coordinator took, in the background and one after the other: it may have died between a job and its
   * document. A document that is there already is stored again as it is.
   */
  catchUp(jobs: readonly ArchivedJob[]): void;
  /** Writes what waits for its first try and resolves when nothing is in flight; documents waiting for another try are given up. */
  stop(): Promise<void>;
}

/**
 * Copies job documents into the artifact store, so that jobs a task store lost can be detected and derived again. The document holds what `expand`
 * needs and no token; the index tells which blob belongs to which job.
 */
export function createJobArchive(deps: ArchiveDeps): JobArchive {
  const inFlight = new Set<Promise<void>>();
  const waiting: ArchivedJob[] = [];
  let timer: Timer | undefined;
  let stopped = false;

  const store = async (job: ArchivedJob, tried: number): Promise<void> => {
    try {
      const { sha256 } = await deps.artifacts.put(Buffer.from(documentOf(job)));
      await deps.index.add({ jobId: job.jobId, sha256 });
      deps.onArchived(job.jobId, sha256);
    } catch (error) {
      const pauseMs = RETRY_PAUSES_MS[tried];
      if (stopped || pauseMs === undefined) deps.onGivenUp(job.jobId, error);
      else deps.clock.after(pauseMs, () => start(() => store(job, tried + 1)));
    }
  };

  const storeAll = async (jobs: readonly ArchivedJob[]): Promise<void> => {
    for (const job of jobs) if (!stopped) await store(job, 0);
  };

  const start = (work: () => Promise<void>): void => {
    if (stopped) return;
    const running = work().finally(() => inFlight.delete(running));
    inFlight.add(running);
  };

  const storeWaiting = async (): Promise<void> => {
    timer = undefined;
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await store(job, 0);
  };

  return {
    add: (job) => {
      waiting.push(job);
      timer ??= deps.clock.after(PAUSE_MS, () => start(storeWaiting));
    },
    catchUp: (jobs) => start(() => storeAll(jobs)),
    async stop() {
      timer?.cancel();
      start(storeWaiting);
      stopped = true;
      await Promise.all(inFlight);
    },
  };
}

function documentOf({ jobId, principal, submittedAt, spec }: ArchivedJob): string {
  return canonicalJson({ schemaVersion: 1, kind: 'job', submittedAt, principal, jobId, spec });
}
