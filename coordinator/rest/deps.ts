import type { TaskEstimate } from '../../api/estimates.ts';
import type { Health } from '../../api/health.ts';
import type { Explanation } from '../../api/jobs.ts';
import type { LostJob } from '../../api/lost-jobs.ts';
import type { NotificationsView } from '../../api/notifications.ts';
import type { RerunAnswer, RerunRequest } from '../../api/reruns.ts';
import type { SubmitAnswer, SubmitRequest } from '../../api/submit.ts';
import type { SuiteRunAnswer, SuiteRunRequest } from '../../api/suites.ts';
import type { ProgressView } from '../../api/tasks.ts';
import type { ResultSelector } from '../../domain/imported-result.ts';
import type { FileMap } from '../../domain/manifest.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { JobId, TaskId } from '../../domain/names.ts';
import type { PastResult } from '../../domain/past-result.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import type { Pin, Suite } from '../../domain/suite.ts';
import type { SigningKey } from '../../platform/ed25519.ts';
import type { AccessStore } from '../access/access-store.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { GarbageCollection } from '../artifacts/gc/garbage-collection.ts';
import type { SignedBlobs } from '../artifacts/signed-blobs.ts';
import type { ImportStore } from '../imports/import-store.ts';
import type { TaskLogs } from '../logs/task-logs.ts';
import type { CancelAnswer, TaskRecord, TaskStore } from '../store/task-store.ts';
import type { RestAccess } from './access.ts';

/** What the REST layer needs of the rest of the coordinator; `main.ts` supplies it. */
export interface RestDeps {
  /** Shown by /health and in the API reference. */
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: RestLog;
  readonly store: TaskStore;
  readonly artifacts: ArtifactStore;
  /** The filesystem store's signed URLs; undefined when blobs live elsewhere and clients talk to that store. */
  readonly signedBlobs: SignedBlobs | undefined;
  readonly jobs: JobCommands;
  readonly logs: Pick<TaskLogs, 'read'>;
  readonly progress: ProgressSource;
  readonly catalogue: Catalogue;
  /** Undefined where it is not built: the plain pages stand in its place. */
  readonly web: WebApp | undefined;
  /** Signs evidence bundles. */
  readonly farmKey: SigningKey;
  readonly imports: ImportStore;
  readonly suites: SuiteCommands;
  /** Who may do what; undefined for a farm that enrols nobody, where everybody may do everything. */
  readonly access: RestAccess | undefined;
  /** The record of changes. */
  readonly audit: Pick<AccessStore, 'audit' | 'audited'>;
  /** Hosts, without port, under which the farm is known beside loopback names. */
  readonly hostNames: ReadonlySet<string>;
  /** Throws `not-found`, listing every file, unless all are in the artifact store. */
  requireStored(files: FileMap): Promise<void>;
  readonly notifications: Notifications;
  readonly garbage: Pick<GarbageCollection, 'state' | 'start'>;
  /** The matrix of every result up to now. */
  matrix(): Promise<Matrix>;
  /** Ended benchmarks of a cell, newest first; undefined when there is no such cell. */
  history(cellId: string): Promise<readonly PastResult[] | undefined>;
  readonly metrics: MetricsText;
  health(): Promise<Pick<Health, 'status' | 'store' | 'artifacts' | 'coordinators'>>;
  /** Begins an orderly stop; answers at once. */
  shutdown(): void;
  readonly limits: RestLimits;
}

/** The web application as it was built. */
export interface WebApp {
  /** Its one page; it finds out from the address what to show. */
  readonly page: string;
  /** Where everything that the page loads lies. */
  readonly folder: string;
}

/** Whom the farm tells of what. */
export interface Notifications {
  /** Without channels when nothing is configured. */
  view(): NotificationsView;
  /** Sends a notice that says that notices arrive. */
  test(by: string): void;
}

/** Figures for Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  /** Never throws. */
  render(): Promise<string>;
}

/** What people do with jobs. */
export interface JobCommands {
  /** Throws every registry error a submit can end with. */
  submit(request: SubmitRequest, context: { readonly principal: Principal; readonly idempotencyKey: string }): Promise<SubmitAnswer>;
  /** Throws what storing a job throws. */
  rerun(request: RerunRequest, context: { readonly principal: Principal; readonly idempotencyKey: string }): Promise<RerunAnswer>;
  /** Throws `not-found`. Also tells the agents whose attempts run. */
  cancel(jobId: JobId, principal: Principal): Promise<CancelAnswer>;
  /** Throws `not-found`. */
  explain(jobId: JobId): Promise<Explanation>;
  /** When tasks that have not ended start and end, as far as the first `MAX_ESTIMATED_PER_PAGE` of them. */
  estimate(tasks: readonly TaskRecord[]): Promise<ReadonlyMap<TaskId, TaskEstimate>>;
  /** Accepted jobs that the task store has lost. */
  lost(): Promise<readonly LostJob[]>;
  /** Submits a lost job again; whether it was lost. Throws `not-found` and what deriving it throws. */
  recover(jobId: JobId): Promise<boolean>;
}

/** What people do with suites. */
export interface SuiteCommands {
  /** Of the catalogue, by name. */
  readonly all: readonly Suite[];
  pins(): Promise<readonly Pin[]>;
  /** Replaces the suite's earlier pin. */
  pin(pin: Pin): Promise<void>;
  unpin(suite: string): Promise<void>;
  /** Throws `not-found`, `unsatisfiable` and what a submit throws. */
  run(
    name: string,
    request: SuiteRunRequest,
    context: { readonly principal: Principal; readonly idempotencyKey: string },
  ): Promise<SuiteRunAnswer>;
}

/** Momentary progress of running attempts; never durable. */
export interface ProgressSource {
  latest(taskId: TaskId): ProgressView | undefined;
  /** Returns the unsubscribe function. */
  subscribe(listener: (taskId: TaskId, progress: ProgressView) => void): () => void;
}

/** One line per event that a person might search for. */
export interface RestLog {
  /** A request was answered. */
  requestAnswered(fields: {
    readonly requestId: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly durationMs: number;
  }): void;
  /** Imported results were removed for good. */
  resultsRemoved(fields: { readonly by: string; readonly select: ResultSelector; readonly results: number }): void;
  /** Something unexpected was thrown: the answer was `internal`. */
  requestFailed(fields: { readonly requestId: string; readonly method: string; readonly path: string; readonly error: unknown }): void;
}

/** Bounds on what clients may ask of the server. */
export interface RestLimits {
  readonly bodyBytes: number;
  /** Longest time a client may take to send a JSON body, milliseconds. */
  readonly bodyMs: number;
  /** Event streams open at once, over all clients. */
  readonly eventStreams: number;
  /** Events kept for a client that reads too slowly; beyond that its stream is closed, and it resumes. */
  readonly eventBacklog: number;
  /** Followed logs open at once, over all clients. */
  readonly logStreams: number;
  /** Evidence bundles that are sent at once, over all clients. */
  readonly bundleStreams: number;
}

/** Limits of a farm that nobody has configured. */
export const DEFAULT_REST_LIMITS: RestLimits = {
  bodyBytes: 2_097_152,
  bodyMs: 30_000,
  eventStreams: 256,
  eventBacklog: 10_000,
  logStreams: 256,
  bundleStreams: 16,
};
