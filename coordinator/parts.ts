import { join } from 'node:path';
import type { Clock, Random } from '../domain/ports.ts';
import type { Catalogue } from '../domain/recipe/catalogue.ts';
import { systemFiles } from '../platform/files.ts';
import { readCatalogue } from '../platform/read-catalogue.ts';
import { sha256 } from '../platform/sha256.ts';
import type { ArtifactStore } from './artifacts/artifact-store.ts';
import { type OpenArtifacts, openArtifacts } from './artifacts/open-artifacts.ts';
import type { CoordinatorConfig } from './config.ts';
import { Sessions } from './grpc/sessions.ts';
import { FileImportStore } from './imports/file-import-store.ts';
import type { ImportStore } from './imports/import-store.ts';
import type { Log } from './log-events.ts';
import { FileTaskLogs } from './logs/file-task-logs.ts';
import { ProgressHub } from './logs/progress-hub.ts';
import type { TaskLogs } from './logs/task-logs.ts';
import type { Stopper, UndoList } from './stopper.ts';
import { createMemoryTaskStore } from './store/memory/memory-task-store.ts';
import type { StoreEvent, TaskStore } from './store/task-store.ts';

/** What a test replaces to let time run as it likes. */
export interface CoordinatorPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** What every service of the coordinator is made of. */
export interface Parts {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: TaskStore;
  readonly artifacts: ArtifactStore;
  /** The same store with what only its owner needs. */
  readonly openArtifacts: OpenArtifacts;
  readonly catalogue: Catalogue;
  readonly imports: ImportStore;
  readonly sessions: Sessions;
  readonly progress: ProgressHub;
  readonly logs: TaskLogs;
}

export interface OpenRequest {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  readonly ports: CoordinatorPorts;
  readonly log: Log;
  readonly folder: string;
  readonly stopper: Stopper;
  /** Filled once the server listens; signed URLs name it. */
  readonly origin: { url: string };
}

/** Opens stores, logs and catalogue of a data folder. Throws `journal-corrupt`, `store-failed` and what a bad catalogue throws. */
export async function openParts({ config, undo, ports, log, folder, stopper, origin }: OpenRequest): Promise<Parts> {
  const catalogue = await readCatalogue(config.recipesFolder, sha256);
  const imports = await FileImportStore.open(join(folder, 'imports'), systemFiles);
  const opened = await openArtifacts({
    config: config.artifacts,
    folder: join(folder, 'artifacts'),
    clock: ports.clock,
    baseUrl: () => origin.url,
  });
  undo.add(() => opened.close());
  log('artifacts-opened', { kind: opened.kind, ...opened.facts });
  const store = createMemoryTaskStore({
    folder: join(folder, 'store'),
    files: systemFiles,
    sha256,
    log: (what, fields) => log('store-event', { what, ...fields }),
    onFailure: (error) => {
      log('store-failed', { error: error.message });
      // Acknowledging nothing more is all that a coordinator without a journal can do.
      void stopper.stop(`store-failed: ${error.message}`).catch(() => {});
    },
  });
  await store.start();
  undo.add(() => store.stop());
  const logs = new FileTaskLogs({
    folder: join(folder, 'logs'),
    hasEnded: (taskId, attempt) => attemptHasEnded(store, taskId, attempt),
    onError: (taskId, error) => log('log-write-failed', { taskId, error: String(error) }),
  });
  undo.add(() => logs.stop());
  const progress = new ProgressHub();
  undo.add(store.subscribe((event) => closeEndedAttempt(event, { logs, progress })));
  return {
    config,
    undo,
    ...ports,
    log,
    store,
    artifacts: opened.store,
    openArtifacts: opened,
    catalogue,
    imports,
    sessions: new Sessions(),
    progress,
    logs,
  };
}

async function attemptHasEnded(store: TaskStore, taskId: string, attempt: number): Promise<boolean> {
  const found = (await store.task(taskId))?.attempts.find((one) => one.attempt === attempt);
  return found === undefined || found.ended !== null;
}

/** Every change of a task but its start ends an attempt, or follows one that has ended. */
function closeEndedAttempt(event: StoreEvent, { logs, progress }: Pick<Parts, 'logs' | 'progress'>): void {
  if (event.type !== 'task' || event.state === 'leased' || event.state === 'running' || event.attempt === 0) return;
  progress.forget(event.taskId);
  logs.end(event.taskId, event.attempt);
}
