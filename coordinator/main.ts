import { join } from 'node:path';
import { createSystemClock } from '../platform/clock.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import { systemFiles } from '../platform/files.ts';
import { WEB_FOLDER } from '../platform/installation.ts';
import { acquireLockFile } from '../platform/lock-file.ts';
import { systemRandom } from '../platform/random.ts';
import { VERSION } from '../platform/version.ts';
import { collectGarbage } from './artifacts/gc/collect-garbage.ts';
import { GarbageCollection } from './artifacts/gc/garbage-collection.ts';
import { documentsInUse } from './artifacts/gc/roots.ts';
import type { CoordinatorConfig } from './config.ts';
import { createFileLog } from './logger.ts';
import { createMetrics } from './metrics/collect.ts';
import { type Enrolment, publicAgentUrl, publicUrlOf } from './open-access.ts';
import type { CoordinatorPorts } from './open-request.ts';
import { openParts, type Parts } from './parts.ts';
import { createRestApp } from './rest/app.ts';
import { DEFAULT_REST_LIMITS, type RestDeps } from './rest/deps.ts';
import { listenRest } from './rest/server.ts';
import { stateOf } from './rest/views/agent-view.ts';
import { readWebApp } from './rest/web-app.ts';
import { startAgents, startCommands } from './services.ts';
import { startNotifier } from './start-notifier.ts';
import { Stopper, UndoList } from './stopper.ts';
import { verifyBlobs } from './submit/verify-blobs.ts';

/** Silence on an HTTP connection after which it is closed. */
const REST_IDLE_MS = 60_000;

export interface Coordinator {
  /** Origin of the API and the pages, as others reach it: `http://127.0.0.1:4700`. */
  readonly url: string;
  /** Where this machine reaches the agents' server: `127.0.0.1:4701`. */
  readonly grpcAddress: string;
  /** Where agents connect: `grpc://127.0.0.1:4701`, or `grpcs://` where they are asked who they are. */
  readonly agentUrl: string;
  /** Undefined for a farm that enrols nobody. */
  readonly enrolment: Pick<Enrolment, 'authority' | 'tokens' | 'makeJoin'> | undefined;
  /** Ends streams, finishes writes and frees the data folder. Idempotent. */
  stop(reason: string): Promise<void>;
  /** Resolves with the reason once it has stopped, whoever asked for it. */
  readonly done: Promise<string>;
}

function systemPorts(): CoordinatorPorts {
  return { clock: createSystemClock(), random: systemRandom };
}

/**
 * Starts a coordinator on its data folder. Throws `already-running` when another one uses it, `bind-refused` for an address beyond loopback without `listen`,
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
  const coordinatorId = ports.random.id();
  const origin = { url: '' };
  const parts = await openParts({ config, undo, ports, log, folder, coordinatorId, stopper, origin });
  const commands = await startCommands(parts);
  const rest = await listenRest(createRestApp({ ...restDeps(parts, commands, stopper), web: await readWebApp(WEB_FOLDER, systemFiles) }), {
    host: config.host,
    port: config.restPort,
    exposure: parts.access.exposure,
    idleMs: REST_IDLE_MS,
    clock: parts.clock,
  });
  origin.url = publicUrlOf(config.access, rest.url);
  undo.add(() => rest.stop());
  const grpcAddress = await startAgents(parts, commands);
  parts.farm.roll.join({ coordinatorId, version: VERSION, url: origin.url, grpcAddress, startedAt: parts.clock.now() });
  undo.add(() => parts.farm.roll.leave());
  await writeFarmFile(parts, { url: origin.url, grpcAddress });
  log('coordinator-started', { version: VERSION, url: origin.url, grpcAddress, recipes: parts.catalogue.recipes.length });
  if (config.access.kind === 'insecure') log('coordinator-insecure', { url: origin.url, grpcAddress });
  stopper.state = 'ok';
  const agentUrl = publicAgentUrl(origin.url, grpcAddress);
  return {
    url: origin.url,
    grpcAddress,
    agentUrl,
    enrolment: parts.access.enrolment,
    stop: (reason) => stopper.stop(reason),
    done: stopper.done,
  };
}

/** Off the hot path: it runs only when somebody asks. */
function openGarbageCollection({ undo, log, clock, random, store, imports, artifacts, openArtifacts }: Parts): GarbageCollection {
  const garbage = new GarbageCollection({
    clock,
    collect: ({ dryRun, now }) =>
      collectGarbage({
        artifacts,
        sweep: openArtifacts.sweep,
        roots: () => documentsInUse({ store, imports }),
        now,
        salt: Math.floor(random.float() * 2 ** 32),
        dryRun,
      }),
    onEnded: ({ dryRun, report, problem }) => log('garbage-collected', { dryRun, problem, ...report }),
  });
  undo.add(() => garbage.stop());
  return garbage;
}

function restDeps(parts: Parts, { jobs, suites }: Pick<RestDeps, 'jobs' | 'suites'>, stopper: Stopper): Omit<RestDeps, 'web'> {
  const garbage = openGarbageCollection(parts);
  const notifications = startNotifier(parts);
  const health = healthOf(parts, stopper);
  const { clock, random, log, store, artifacts, openArtifacts, catalogue, imports, logs, hub, farm } = parts;
  const metrics = createMetrics({ store, artifacts, clock, health, stateOf, onProgress: (listener) => hub.subscribe(listener) });
  parts.undo.add(() => metrics.stop());
  return {
    version: VERSION,
    clock,
    random,
    log: {
      requestAnswered: (fields) => {
        metrics.requestAnswered(fields);
        log('request-answered', { ...fields });
      },
      resultsRemoved: (fields) => log('results-removed', { ...fields }),
      requestFailed: ({ error, ...fields }) =>
        log('request-failed', { ...fields, error: error instanceof Error ? error.stack : String(error) }),
    },
    store,
    artifacts,
    signedBlobs: openArtifacts.signedBlobs,
    jobs,
    suites,
    logs,
    progress: hub,
    catalogue,
    farmKey: farm.key,
    imports,
    requireStored: (files) => verifyBlobs(files, artifacts, clock.now()),
    garbage,
    notifications,
    matrix: () => parts.histories.matrix(),
    history: (cellId) => parts.histories.history(cellId),
    metrics,
    health,
    access: restAccess(parts),
    audit: farm.accessStore,
    hostNames: parts.access.hostNames,
    // The answer goes out before the server that carries it is closed.
    shutdown: () => void clock.after(50, () => void stopper.stop('asked over the API').catch(() => {})),
    limits: DEFAULT_REST_LIMITS,
  };
}

/** Enrolment as the API offers it, for all coordinators of the farm. */
function restAccess({ access: { enrolment }, farm, sessions }: Parts): RestDeps['access'] {
  if (enrolment === undefined) return undefined;
  const agentUrl = async () => {
    const coordinators = await farm.roll.present();
    return coordinators.map(({ url, grpcAddress }) => publicAgentUrl(url, grpcAddress)).join(',');
  };
  return { ...enrolment, agentUrl, expel: (agentId) => sessions.expel(agentId) };
}

function healthOf({ farm, openArtifacts }: Parts, stopper: Stopper): RestDeps['health'] {
  return async () => ({
    status: stopper.state,
    store: await farm.health(),
    artifacts: { kind: openArtifacts.kind, ok: openArtifacts.problem() === '', detail: openArtifacts.problem().slice(0, 500) },
    coordinators: [...(await farm.roll.present().catch(() => []))],
  });
}

/** Tells commands on this machine where the farm is. */
async function writeFarmFile({ config, undo }: Parts, addresses: { readonly url: string; readonly grpcAddress: string }): Promise<void> {
  const path = join(config.dataFolder, 'farm.json');
  await systemFiles.writeAtomic(path, Buffer.from(`${JSON.stringify({ pid: process.pid, ...addresses }, null, 2)}\n`));
  undo.add(() => systemFiles.remove(path));
}
