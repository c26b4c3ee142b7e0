import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { SubmitRequest } from '../../api/submit.ts';
import { FileAccessStore } from '../../coordinator/access/file-access-store.ts';
import { FsArtifactStore } from '../../coordinator/artifacts/fs/fs-artifact-store.ts';
import { GarbageCollection } from '../../coordinator/artifacts/gc/garbage-collection.ts';
import { openFileFarmKey } from '../../coordinator/evidence/farm-key.ts';
import { FileImportStore } from '../../coordinator/imports/file-import-store.ts';
import { FileTaskLogs } from '../../coordinator/logs/file-task-logs.ts';
import { ProgressHub } from '../../coordinator/logs/progress-hub.ts';
import { createMetrics } from '../../coordinator/metrics/collect.ts';
import { createRestApp } from '../../coordinator/rest/app.ts';
import { DEFAULT_REST_LIMITS, type RestDeps, type RestLog } from '../../coordinator/rest/deps.ts';
import { listenRest } from '../../coordinator/rest/server.ts';
import { stateOf } from '../../coordinator/rest/views/agent-view.ts';
import { createMemoryTaskStore } from '../../coordinator/store/memory/memory-task-store.ts';
import { verifyBlobs } from '../../coordinator/submit/verify-blobs.ts';
import { digestOf } from '../../domain/json.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { systemRandom } from '../../platform/random.ts';
import { readCatalogue } from '../../platform/read-catalogue.ts';
import { sha256 } from '../../platform/sha256.ts';
import { JOB_SPEC, newTask } from '../conformance/task-store/documents.ts';
import { Farm } from '../conformance/task-store/farm.ts';

const NO_GARBAGE = {
  documents: 0,
  blobs: 0,
  bytes: 0,
  garbageBlobs: 0,
  garbageBytes: 0,
  removedBlobs: 0,
  removedBytes: 0,
  droppedUploads: 0,
};

export const EMPTY_MATRIX: Matrix = {
  schemaVersion: 3,
  generatedAt: 0,
  significance: { tested: 0, level: 0.05, threshold: 0 },
  rows: [],
  columns: [],
  cells: [],
};

/** A REST server on a free port over a real memory store, real files and a real catalogue; only submitting is reduced to one benchmark task. */
export interface FarmServer {
  readonly url: string;
  /** Data folder; removed by `close`. */
  readonly folder: string;
  readonly client: GroveClient;
  readonly farm: Farm;
  readonly artifacts: FsArtifactStore;
  readonly logs: FileTaskLogs;
  readonly progress: ProgressHub;
  readonly log: RecordingLog;
  readonly clock: MovedClock;
  /** Times `shutdown` was asked for. */
  readonly shutdowns: () => number;
  close(): Promise<void>;
}

export interface FarmServerOptions {
  readonly limits?: Partial<RestDeps['limits']>;
  readonly matrix?: Matrix | (() => Promise<Matrix>);
  readonly history?: (cellId: string) => readonly PastResult[] | undefined;
  readonly deps?: Partial<RestDeps>;
}

/** The system's clock, movable: moving it fires every timer that is then due. */
export class MovedClock implements Clock {
  readonly #real = createSystemClock();
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();
  #offsetMs = 0;

  now(): number {
    return this.#real.now() + this.#offsetMs;
  }

  monotonicMs(): number {
    return this.#real.monotonicMs() + this.#offsetMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry = { dueMs: this.monotonicMs() + delayMs, callback };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  move(byMs: number): void {
    this.#offsetMs += byMs;
    for (const entry of [...this.#timers].filter(({ dueMs }) => dueMs <= this.monotonicMs())) {
      this.#timers.delete(entry);
      entry.callback();
    }
  }
}

export class RecordingLog implements RestLog {
  readonly answered: Parameters<RestLog['requestAnswered']>[0][] = [];
  readonly removed: Parameters<RestLog['resultsRemoved']>[0][] = [];
  readonly failed: Parameters<RestLog['requestFailed']>[0][] = [];

  requestAnswered(fields: Parameters<RestLog['requestAnswered']>[0]): void {
    this.answered.push(fields);
  }

  resultsRemoved(fields: Parameters<RestLog['resultsRemoved']>[0]): void {
    this.removed.push(fields);
  }

  requestFailed(fields: Parameters<RestLog['requestFailed']>[0]): void {
    this.failed.push(fields);
  }
}

export async function startFarmServer(options: FarmServerOptions = {}): Promise<FarmServer> {
  const folder = await mkdtemp(join(tmpdir(), 'grove-rest-'));
  const log = new RecordingLog();
  const store = createMemoryTaskStore();
  const farm = new Farm(store);
  const origin = { url: '' };
  const artifacts = await FsArtifactStore.open({ folder: join(folder, 'artifacts'), baseUrl: () => origin.url });
  const hasEnded = async (taskId: string, attempt: number) =>
    (await store.task(taskId))?.attempts.find((one) => one.attempt === attempt)?.ended !== null;
  const logs = new FileTaskLogs({
    folder: join(folder, 'logs'),
    hasEnded,
    onError: (_, error) => log.requestFailed({ requestId: '', method: 'log', path: '', error }),
  });
  const accessStore = await FileAccessStore.open(join(folder, 'access'), systemFiles);
  const progress = new ProgressHub();
  const clock = new MovedClock();
  let shutdowns = 0;
  const deps: RestDeps = {
    version: '0.0.0',
    clock,
    random: systemRandom,
    log,
    store,
    artifacts,
    signedBlobs: artifacts,
    jobs: {
      submit: (request, context) => submitOne(farm, request, context.idempotencyKey),
      rerun: async (_request, context) => ({ ...(await submitOne(farm, { recipes: [], on: 'any' }, context.idempotencyKey)), cells: 1 }),
      cancel: (jobId, principal) => store.cancelJob({ now: farm.now, jobId, principal }),
      explain: async () => ({ tasks: [], deadlineAt: null, more: 0 }),
      estimate: async (tasks) => new Map(tasks.map(({ taskId }) => [taskId, { startMs: 0, endMs: 61_000, unknown: '' }])),
      lost: async () => [],
      recover: async () => false,
    },
    logs,
    progress,
    farmKey: await openFileFarmKey(folder, systemFiles),
    catalogue: await readCatalogue('recipes', sha256),
    web: undefined,
    imports: await FileImportStore.open(join(folder, 'imports'), systemFiles),
    suites: { all: [], pins: async () => [], pin: async () => {}, unpin: async () => {}, run: async () => ({ jobs: [], skipped: [] }) },
    requireStored: (files) => verifyBlobs(files, artifacts, clock.now()),
    notifications: { view: () => ({ channels: [], reasons: [], deliveries: [] }), test: () => {} },
    garbage: new GarbageCollection({ clock, collect: async () => NO_GARBAGE, onEnded: () => {} }),
    access: undefined,
    audit: accessStore,
    hostNames: new Set(),
    matrix: async () => (typeof options.matrix === 'function' ? options.matrix() : (options.matrix ?? EMPTY_MATRIX)),
    history: async (cellId) => options.history?.(cellId),
    metrics: createMetrics({
      ...{ store, artifacts, clock, stateOf, onProgress: (listener) => progress.subscribe(listener) },
      health: async () => ({
        store: { kind: 'memory', ok: true, detail: '' },
        artifacts: { kind: 'fs', ok: true, detail: '' },
        coordinators: [],
      }),
    }),
    health: async () => ({
      status: 'ok',
      store: { kind: 'memory', ok: true, detail: '' },
      artifacts: { kind: 'fs', ok: true, detail: '' },
      coordinators: [],
    }),
    shutdown: () => {
      shutdowns += 1;
    },
    limits: { ...DEFAULT_REST_LIMITS, ...options.limits },
    ...options.deps,
  };
  const server = await listenRest(createRestApp(deps), {
    host: '127.0.0.1',
    port: 0,
    exposure: { kind: 'loopback' },
    idleMs: 60_000,
    clock: createSystemClock(),
  });
  origin.url = server.url;
  const close = async () => {
    await server.stop();
    await logs.stop();
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const client = createClient({ url: server.url, retryDelayMs: 5 });
  return { url: server.url, folder, client, farm, artifacts, logs, progress, log, clock, shutdowns: () => shutdowns, close };
}

async function submitOne(farm: Farm, request: SubmitRequest, idempotencyKey: string) {
  const jobId = `j-${sha256(idempotencyKey).slice(0, 16)}`;
  const task = newTask(`${jobId}-0`);
  const command = {
    now: farm.now,
    principal: { kind: 'local', name: 'local' } as const,
    jobId,
    idempotencyKey,
    requestDigest: digestOf(request, sha256),
  };
  const { created } = await farm.store.submit({ ...command, spec: JOB_SPEC, priority: 'interactive', tasks: [task] });
  return {
    jobId,
    created,
    plan: {
      tasks: [],
      taskCount: 0,
      recipes: [],
      warnings: [],
      lint: [],
      cachedConversions: 0,
      fits: [],
      etaMs: null,
      etaUnknown: 'a test',
    },
  };
}
