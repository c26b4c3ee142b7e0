import { join } from 'node:path';
import type { Clock, Random } from '../domain/ports.ts';
import type { Catalogue } from '../domain/recipe/catalogue.ts';
import type { Suite } from '../domain/suite.ts';
import { readCatalogue, readSuites } from '../platform/read-catalogue.ts';
import { sha256 } from '../platform/sha256.ts';
import { type CellHistories, createAggregate } from './aggregate/aggregate.ts';
import type { ArtifactStore } from './artifacts/artifact-store.ts';
import { type OpenArtifacts, openArtifacts } from './artifacts/open-artifacts.ts';
import type { CoordinatorConfig } from './config.ts';
import type { FarmState } from './farm-state.ts';
import { Sessions } from './grpc/sessions.ts';
import type { ImportStore } from './imports/import-store.ts';
import type { Log } from './log-events.ts';
import { ProgressHub } from './logs/progress-hub.ts';
import type { TaskLogs } from './logs/task-logs.ts';
import { type Access, openAccess } from './open-access.ts';
import { openEmbeddedFarm } from './open-embedded-farm.ts';
import type { OpenRequest } from './open-request.ts';
import type { PinStore } from './pins/pin-store.ts';
import { SharedProgress } from './share-progress.ts';
import type { UndoList } from './stopper.ts';
import type { StoreEvent, TaskStore } from './store/task-store.ts';
import { TaskKinds } from './task-kinds.ts';

/** What every service of the coordinator is made of. */
export interface Parts {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  /** Random: tells this run of this coordinator from every other. */
  readonly coordinatorId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What this coordinator shares with the others of its farm; its parts are also named below. */
  readonly farm: FarmState;
  /** Who may use the farm. */
  readonly access: Access;
  readonly store: TaskStore;
  readonly kinds: TaskKinds;
  readonly artifacts: ArtifactStore;
  /** The same store with what only its owner needs. */
  readonly openArtifacts: OpenArtifacts;
  readonly catalogue: Catalogue;
  readonly histories: CellHistories;
  readonly imports: ImportStore;
  readonly suites: readonly Suite[];
  readonly pins: PinStore;
  readonly sessions: Sessions;
  /** Progress of running attempts, to read. */
  readonly hub: ProgressHub;
  /** Where progress is reported. */
  readonly progress: SharedProgress;
  readonly logs: TaskLogs;
}

/** Opens stores, logs and catalogue of a data folder. Throws `journal-corrupt`, `store-failed` and what a bad catalogue throws. */
export async function openParts(request: OpenRequest): Promise<Parts> {
  const { config, undo, ports, log, folder, origin, coordinatorId } = request;
  const catalogue = await readCatalogue(config.recipesFolder, sha256);
  const suites = await readSuites(config.recipesFolder, catalogue);
  const opened = await openArtifacts({
    config: config.artifacts,
    folder: join(folder, 'artifacts'),
    clock: ports.clock,
    baseUrl: () => origin.url,
  });
  undo.add(() => opened.close());
  log('artifacts-opened', { kind: opened.kind, ...opened.facts });
  const { store } = config;
  const farm =
    store.kind === 'redis'
      ? await (await import('./open-redis-farm.ts')).openRedisFarm(store, { ...request, artifacts: opened.store })
      : await openEmbeddedFarm(request);
  const access = await openAccess(request, farm);
  const hub = new ProgressHub();
  const { clock, broadcast, logs } = farm;
  const progress = new SharedProgress({ hub, broadcast, clock });
  undo.add(() => progress.stop());
  undo.add(farm.store.subscribe((event) => closeEndedAttempt(event, { logs, progress })));
  const sessions = new Sessions(broadcast);
  undo.add(() => sessions.stop());
  return {
    config,
    undo,
    coordinatorId,
    random: ports.random,
    log,
    farm,
    ...farm,
    access,
    kinds: new TaskKinds(farm.store),
    artifacts: opened.store,
    openArtifacts: opened,
    catalogue,
    suites,
    histories: createAggregate({ store: farm.store, imports: farm.imports, catalogue, clock, sha256 }),
    sessions,
    hub,
    progress,
  };
}

/** Every change of a task but its start ends an attempt, or follows one that has ended. */
function closeEndedAttempt(event: StoreEvent, { logs, progress }: Pick<Parts, 'logs' | 'progress'>): void {
  if (event.type !== 'task' || event.state === 'leased' || event.state === 'running' || event.attempt === 0) return;
  progress.forget(event.taskId);
  logs.end(event.taskId, event.attempt);
}
