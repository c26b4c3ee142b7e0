import { join } from 'node:path';
import { GroveError, toGroveError } from '../domain/errors.ts';
import type { JobId } from '../domain/names.ts';
import type { Clock, Random } from '../domain/ports.ts';
import type { Principal } from '../domain/principal.ts';
import type { Catalogue } from '../domain/recipe/catalogue.ts';
import { createSystemClock } from '../platform/clock.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import { systemFiles } from '../platform/files.ts';
import { acquireLockFile } from '../platform/lock-file.ts';
import { systemRandom } from '../platform/random.ts';
import { readCatalogue } from '../platform/read-catalogue.ts';
import { sha256 } from '../platform/sha256.ts';
import { VERSION } from '../platform/version.ts';
import { createAggregate } from './aggregate/aggregate.ts';
import { FsArtifactStore } from './artifacts/fs/fs-artifact-store.ts';
import type { CoordinatorConfig } from './config.ts';
import { expand } from './expand/expand.ts';
import { linkResolved } from './expand/link-resolved.ts';
import { serveAgent } from './grpc/agent-session.ts';
import { startGrpcServer } from './grpc/server.ts';
import { Sessions } from './grpc/sessions.ts';
import { createReaper } from './lease/reaper.ts';
import type { Log } from './log-events.ts';
import { createFileLog } from './logger.ts';
import { ProgressHub } from './logs/progress-hub.ts';
import { TaskLogs } from './logs/task-logs.ts';
import { createRestApp } from './rest/app.ts';
import type { RestDeps } from './rest/deps.ts';
import { DEFAULT_REST_LIMITS } from './rest/deps.ts';
import { listenRest } from './rest/server.ts';
import { createDispatcher } from './schedule/dispatcher.ts';
import { explainJob } from './schedule/explain.ts';
import { createMemoryTaskStore } from './store/memory/memory-task-store.ts';
import { SHARED_LEASES_PER_HOST } from './store/order.ts';
import type { StoreEvent, TaskStore } from './store/task-store.ts';
import { createJobArchive } from './submit/archive.ts';
import { createFollowUp } from './submit/follow-up.ts';
import { createSubmitService } from './submit/submit.ts';

/** Silence on an HTTP connection after which it is closed. */
const REST_IDLE_MS = 60_000;

export interface Coordinator {
  /** Origin of the API and the pages: `http://127.0.0.1:4700`. */
  readonly url: string;
  /** Where agents connect: `127.0.0.1:4701`. */
  readonly grpcAddress: string;
  /** Ends streams, finishes writes and frees the data folder. Idempotent. */
  stop(reason: string): Promise<void>;
  /** Resolves with the reason once it has stopped, whoever asked for it. */
  readonly done: Promise<string>;
}

/** What a test replaces to let time run as it likes. */
export interface CoordinatorPorts {
  readonly clock: Clock;
  readonly random: Random;
}

function systemPorts(): CoordinatorPorts {
  return { clock: createSystemClock(), random: systemRandom };
}

/**
 * Starts a coordinator on its data folder. Throws `already-running` when another one uses it, `bind-refused` for an address beyond loopback,
 * `port-in-use`, `journal-corrupt` and `invalid-config`; then nothing is left behind.
 */
export async function startCoordinator(config: CoordinatorConfig, ports: CoordinatorPorts = systemPorts()): Promise<Coordinator> {
  const undo = new UndoList();
  try {
    return await start(config, undo, ports);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** What was started, ended in the opposite order: nothing is stopped before those who use it. */
class UndoList {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Goes on when a step fails and returns the first failure. */
  async run(): Promise<unknown> {
    let failure: unknown;
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failure ??= error;
      }
    }
    return failure;
  }
}

interface Parts {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly store: TaskStore;
  readonly artifacts: FsArtifactStore;
  readonly catalogue: Catalogue;
  readonly sessions: Sessions;
  readonly progress: ProgressHub;
  readonly logs: TaskLogs;
}

async function start(config: CoordinatorConfig, undo: UndoList, ports: CoordinatorPorts): Promise<Coordinator> {
  const folder = join(await openDataFolder(config.dataFolder), 'coordinator');
  await systemFiles.makeFolder(folder);
  const lock = await acquireLockFile(join(folder, 'lock'), 'coordinator');
  undo.add(() => lock.release());
  const { log, close } = createFileLog(join(folder, 'coordinator.log'), config.logLevel);
  undo.add(() => {
    log('coordinator-stopped');
    close();
  });
  const stopper = new Stopper(undo, log);
  const origin = { url: '' };
  const parts = await openParts({ config, undo, ports, log, folder, stopper, origin });
  const commands = await startCommands(parts);
  const rest = await listenRest(createRestApp(restDeps(parts, commands, stopper)), {
    host: config.host,
    port: config.restPort,
    idleMs: REST_IDLE_MS,
    clock: parts.clock,
  });
  origin.url = rest.url;
  undo.add(() => rest.stop());
  const grpcAddress = await startAgents(parts);
  await writeFarmFile(parts, { url: rest.url, grpcAddress });
  log('coordinator-started', { version: VERSION, url: rest.url, grpcAddress, recipes: parts.catalogue.recipes.length });
  stopper.state = 'ok';
  return { url: rest.url, grpcAddress, stop: (reason) => stopper.stop(reason), done: stopper.done };
}

/** Stops once, whoever asks first. */
class Stopper {
  state: 'starting' | 'ok' | 'stopping' = 'starting';
  readonly done: Promise<string>;
  readonly #undo: UndoList;
  readonly #log: Log;
  #resolve: (reason: string) => void = () => {};
  #stopping: Promise<void> | undefined;

  constructor(undo: UndoList, log: Log) {
    this.#undo = undo;
    this.#log = log;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#run(reason);
    return this.#stopping;
  }

  async #run(reason: string): Promise<void> {
    this.state = 'stopping';
    this.#log('coordinator-stopping', { reason });
    const failure = await this.#undo.run();
    this.#resolve(reason);
    if (failure !== undefined) throw toGroveError(failure);
  }
}

interface OpenRequest {
  readonly config: CoordinatorConfig;
  readonly undo: UndoList;
  readonly ports: CoordinatorPorts;
  readonly log: Log;
  readonly folder: string;
  readonly stopper: Stopper;
  /** Filled once the server listens; signed URLs name it. */
  readonly origin: { url: string };
}

async function openParts({ config, undo, ports, log, folder, stopper, origin }: OpenRequest): Promise<Parts> {
  const catalogue = await readCatalogue(config.recipesFolder, sha256);
  const artifacts = await FsArtifactStore.open({ folder: join(folder, 'artifacts'), baseUrl: () => origin.url });
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
  const logs = new TaskLogs({
    folder: join(folder, 'logs'),
    hasEnded: (taskId, attempt) => attemptHasEnded(store, taskId, attempt),
    onError: (taskId, error) => log('log-write-failed', { taskId, error: String(error) }),
  });
  undo.add(() => logs.stop());
  const progress = new ProgressHub();
  undo.add(store.subscribe((event) => closeEndedAttempt(event, { logs, progress })));
  return { config, undo, ...ports, log, store, artifacts, catalogue, sessions: new Sessions(), progress, logs };
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

async function startCommands(parts: Parts): Promise<RestDeps['jobs']> {
  const { undo, log, clock, store, artifacts, catalogue, sessions } = parts;
  const archive = createJobArchive({
    artifacts,
    clock,
    onArchived: (jobId, digest) => log('job-archived', { jobId, sha256: digest }),
    onGivenUp: (jobId, error) => log('job-not-archived', { jobId, error: String(error) }),
  });
  undo.add(() => archive.stop());
  const followUp = createFollowUp({
    store,
    clock,
    link: (input) => linkResolved({ ...input, sha256 }),
    onLinked: (jobId, conversions) => log('conversions-linked', { jobId, conversions }),
    onError: (jobId, error) => log('follow-up-failed', { jobId, error: String(error) }),
  });
  undo.add(() => followUp.stop());
  await followUp.start();
  const { submit } = createSubmitService({
    store,
    artifacts,
    catalogue,
    archive,
    clock,
    sha256,
    expand: (input) => expand({ ...input, catalogue, sha256 }),
  });
  return {
    submit,
    cancel: (jobId, principal) => cancelJob({ store, clock, sessions, log }, jobId, principal),
    explain: (jobId) => explainJob(store, jobId),
  };
}

async function cancelJob(
  { store, clock, sessions, log }: Pick<Parts, 'store' | 'clock' | 'sessions' | 'log'>,
  jobId: JobId,
  principal: Principal,
) {
  if ((await store.job(jobId)) === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
  const answer = await store.cancelJob({ now: clock.now(), principal, jobId });
  for (const { agentId, taskId, attempt } of answer.running)
    sessions.tell(agentId, { type: 'cancel', lease: { taskId, attempt }, by: principal.name });
  log('job-cancelled', { jobId, by: principal.name, tasks: answer.cancelledTasks.length, running: answer.running.length });
  return answer;
}

/** Dispatcher, reaper and the agents' server; returns the server's address. */
async function startAgents(parts: Parts): Promise<string> {
  const { config, undo, log, clock, random, store, artifacts, sessions, logs, progress } = parts;
  const onError = (error: unknown): void => log('internal-error', { error: toGroveError(error).message });
  const onAssigned = (agentId: string, { lease, deviceName }: { lease: { taskId: string; attempt: number }; deviceName: string }): void =>
    log('task-assigned', { agentId, taskId: lease.taskId, attempt: lease.attempt, deviceName });
  const dispatcher = createDispatcher({ store, clock, random, sharedLeasesPerHost: SHARED_LEASES_PER_HOST, onAssigned, onError });
  dispatcher.start();
  undo.add(() => dispatcher.stop());
  const reaper = createReaper({
    store,
    clock,
    onError,
    onHold: (why, holdMs) => log('expiry-held', { why, holdMs }),
    onEnded: ({ agentId, taskId, attempt }) => {
      log('attempt-expired', { agentId, taskId, attempt });
      sessions.tell(agentId, { type: 'revoke', lease: { taskId, attempt }, why: 'its lease ran out of time' });
    },
  });
  reaper.start();
  undo.add(() => reaper.stop());
  const session = {
    store,
    artifacts,
    dispatcher,
    sessions,
    logs,
    progress,
    clock,
    sha256,
    coordinatorId: random.id(),
    version: VERSION,
    log,
  };
  const server = await startGrpcServer({ host: config.host, port: config.grpcPort, log, serve: (stream) => serveAgent(stream, session) });
  undo.add(() => server.stop());
  return server.address;
}

function restDeps(parts: Parts, jobs: RestDeps['jobs'], stopper: Stopper): RestDeps {
  const { clock, random, log, store, artifacts, catalogue, logs, progress } = parts;
  return {
    version: VERSION,
    clock,
    random,
    log: {
      requestAnswered: (fields) => log('request-answered', { ...fields }),
      requestFailed: ({ error, ...fields }) =>
        log('request-failed', { ...fields, error: error instanceof Error ? error.stack : String(error) }),
    },
    store,
    artifacts,
    signedBlobs: artifacts,
    jobs,
    logs,
    progress,
    catalogue,
    matrix: createAggregate({ store, catalogue, clock, sha256 }),
    health: async () => ({
      status: stopper.state,
      store: { kind: 'memory', ok: stopper.state !== 'stopping', detail: '' },
      artifacts: { kind: 'fs', ok: true, detail: '' },
    }),
    // The answer goes out before the server that carries it is closed.
    shutdown: () => void clock.after(50, () => void stopper.stop('asked over the API').catch(() => {})),
    limits: DEFAULT_REST_LIMITS,
  };
}

/** Tells commands on this machine where the farm is. */
async function writeFarmFile({ config, undo }: Parts, addresses: { readonly url: string; readonly grpcAddress: string }): Promise<void> {
  const path = join(config.dataFolder, 'farm.json');
  await systemFiles.writeAtomic(path, Buffer.from(`${JSON.stringify({ pid: process.pid, ...addresses }, null, 2)}\n`));
  undo.add(() => systemFiles.remove(path));
}
