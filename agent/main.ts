import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../domain/device.ts';
import { GroveError, toGroveError } from '../domain/errors.ts';
import type { Clock, Files, Random, Spawner, Transport } from '../domain/ports.ts';
import type { AgentMessage, AgentStatus, CoordinatorMessage } from '../domain/protocol.ts';
import { isExecutionProvider } from '../engine/runtime/execution-providers.ts';
import { trialResultSchema } from '../engine/runtime/trial.ts';
import { createSystemClock } from '../platform/clock.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import { systemFiles } from '../platform/files.ts';
import { holdProcess } from '../platform/keep-alive.ts';
import { acquireLockFile } from '../platform/lock-file.ts';
import { readMachineIdentity } from '../platform/machine-id.ts';
import { systemRandom } from '../platform/random.ts';
import { sha256 } from '../platform/sha256.ts';
import { createSpawner } from '../platform/spawner.ts';
import { VERSION } from '../platform/version.ts';
import { type AgentConfig, DEFAULT_AGENT_URL } from './config.ts';
import { createGrpcTransport } from './connection/grpc-transport.ts';
import { renewCertificate } from './connection/renew-certificate.ts';
import { Session } from './connection/session.ts';
import { type TryProvider, trialOf } from './device/ep-devices.ts';
import { type Machine, thisMachine } from './device/machine.ts';
import { type Probe, probeMachine } from './device/probe.ts';
import { StateReader } from './device/state/state-reader.ts';
import { machineEp } from './eps/ep-machine.ts';
import { EpPackages } from './eps/package-store.ts';
import { GateKeeper } from './gates/gate-keeper.ts';
import { DeviceHealth, withHealth } from './health/device-health.ts';
import { IdleControl } from './health/idle-control.ts';
import { idleMeasurement } from './health/idle-measurement.ts';
import { IdentityFile } from './identity/identity-file.ts';
import { joinFarm } from './identity/join-farm.ts';
import { Renewal } from './identity/renewal.ts';
import { type AgentLog, createAgentLog, type LogSink } from './log-events.ts';
import { Readiness } from './readiness.ts';
import { asJson } from './runner/as-json.ts';
import { type ChildHost, defaultChildMain, runInChild } from './runner/child-process-stage.ts';
import { ChildRegistry } from './runner/child-registry.ts';
import { ModelCache } from './runner/model-cache.ts';
import { PendingResults } from './runner/pending-results.ts';
import { type RunTask, TaskRunner } from './runner/task-runner.ts';
import { runTask } from './stages/run-task.ts';

/** A running agent. */
export interface Agent {
  readonly agentId: string;
  /** What hello says of the machine. */
  readonly probe: Probe;
  /** Takes no new work, gives running tasks their grace, hands back what is left, disconnects. Idempotent. */
  stop(reason: string): Promise<void>;
  /** Resolves when stopped. */
  readonly done: Promise<void>;
}

/** Everything an agent gets from outside; each has a real default. */
export interface AgentPorts {
  readonly transport?: Transport<AgentMessage, CoordinatorMessage>;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly files?: Files;
  readonly spawner?: Spawner;
  readonly childMain?: string;
  readonly tryProvider?: TryProvider;
  readonly machine?: Machine;
  readonly runTask?: RunTask;
  readonly logSink?: LogSink;
}

/** After its tasks have ended a stopping agent waits this long for their results to be acknowledged. */
const ACK_WAIT_MS = 2_000;

/**
 * The agent's composition root: claims the data folder, ends what an earlier agent left, probes the machine, and connects. Resolves when the agent has
 * started, connected or not. Throws `already-running`, `invalid-config`, `connect-refused` and what joining a farm throws.
 */
export async function startAgent(config: AgentConfig, ports: AgentPorts = {}): Promise<Agent> {
  const folder = await openDataFolder(config.dataFolder);
  const lock = await acquireLockFile(join(folder, 'agent.lock'), 'agent');
  try {
    const given = {
      ...ports,
      clock: ports.clock ?? createSystemClock(),
      log: createAgentLog(config.logLevel, ports.logSink ?? process.stderr),
    };
    const { renewal, ...identified } = await identify(config, given);
    const settings = { ...config, ...identified };
    const parts = await assemble(settings, { ...given, transport: ports.transport ?? transportOf(settings, { ...given, renewal }) });
    renewal?.start();
    return run(settings, parts, async () => {
      renewal?.stop();
      await lock.release();
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** What an agent's settings become once it is known who it is. */
interface Identified {
  readonly agentUrl: string;
  readonly farmAuthority: string | null;
  /** Used: no process of the agent needs to know it. */
  readonly join: null;
  /** Undefined for an agent that never joined. */
  readonly renewal: Renewal | undefined;
}

interface GivenPorts extends AgentPorts {
  readonly clock: Clock;
  readonly log: AgentLog;
}

/** Joins the farm when it is told to; else takes the identity of an earlier start, if there is one. */
async function identify(config: AgentConfig, { clock, log, files = systemFiles, random = systemRandom }: GivenPorts): Promise<Identified> {
  const file = new IdentityFile(config.dataFolder, files);
  const { join: joinString, name, dataFolder, hostId } = config;
  const joining = async () => {
    const instanceId = await readInstanceId(dataFolder, { hostId: hostId ?? (await readMachineIdentity()).hostId, files, random });
    return await joinFarm({ join: joinString ?? '', name, instanceId }, file);
  };
  const identity = joinString === null ? await file.read() : await joining();
  if (identity === undefined)
    return { agentUrl: config.agentUrl ?? DEFAULT_AGENT_URL, farmAuthority: null, join: null, renewal: undefined };
  const agentUrl = config.agentUrl ?? identity.agentUrl;
  log.joined({ agentId: identity.agentId, url: agentUrl });
  const ask = (request: string, shown: typeof identity) => renewCertificate({ urls: agentUrl, identity: shown, request, now: clock.now() });
  return { agentUrl, farmAuthority: identity.authority, join: null, renewal: new Renewal(identity, { file, clock, log, ask }) };
}

function transportOf(
  { agentUrl, insecure }: Pick<Identified, 'agentUrl'> & Pick<AgentConfig, 'insecure'>,
  { clock, random = systemRandom, renewal }: GivenPorts & Pick<Identified, 'renewal'>,
): Transport<AgentMessage, CoordinatorMessage> {
  return createGrpcTransport(agentUrl, { clock, random, terms: () => ({ identity: renewal?.identity, insecure }) });
}

interface Parts {
  readonly log: AgentLog;
  readonly probe: Probe;
  readonly session: Session;
  readonly runner: TaskRunner;
  readonly readiness: Readiness;
  readonly idleControl: IdleControl;
}

async function assemble(
  config: AgentConfig & Pick<Identified, 'agentUrl'>,
  ports: GivenPorts & { readonly transport: Transport<AgentMessage, CoordinatorMessage> },
): Promise<Parts> {
  const { clock, log, random = systemRandom, files = systemFiles, spawner = createSpawner() } = ports;
  const folder = config.dataFolder;
  const registry = new ChildRegistry({ folder: join(folder, 'children'), files, clock, log });
  await registry.killLeftovers();
  await rm(join(folder, 'work'), { recursive: true, force: true });
  const pending = await PendingResults.open(join(folder, 'results'), { files, log });
  const cache = await ModelCache.open({ folder: join(folder, 'cache'), ...config.cache, clock, log });
  const children = { spawner, registry, clock, childMain: ports.childMain ?? defaultChildMain(), env: config.childEnv };
  const machine = ports.machine ?? thisMachine();
  const probe = await probeMachine(config, { machine, tryProvider: ports.tryProvider ?? providerTrial(children, config, TRIAL_MS) });
  const instanceId = await readInstanceId(folder, { hostId: probe.host.hostId, files, random });
  const states = new StateReader({ machine, clock, ownPid: process.pid });
  const gates = new GateKeeper(config.gates, clock);
  gates.observe(await states.read(probe.devices, 'recent'), true);
  const readiness = new Readiness({ cache, registry, gates });
  await readiness.refresh();
  const health = new DeviceHealth({
    ...{ spawner, clock, log, recovery: config.recovery, settleMs: 2_000, cwd: folder, env: config.childEnv },
    probe: healthProbe(config, ports.tryProvider ?? providerTrial(children, config, HEALTH_MS)),
    ask: (request) => session.send(request),
  });
  const runner: TaskRunner = new TaskRunner({
    ...{ config, agentVersion: VERSION, clock, random, log, cache, pending },
    host: probe.host,
    devices: probe.devices,
    children,
    link: { send: (message) => session.send(message), requestGrants: (what, signal) => session.requestGrants(what, signal) },
    runTask: givingWay(withHealth(ports.runTask ?? runTask, health), () => idleControl),
    readState: (device, tools) => states.readOne(device, tools),
    workFolder: join(folder, 'work'),
    refusal: () => readiness.refusal,
    onChange: () => void readiness.refresh().then(() => session.statusChanged()),
  });
  const idleControl = new IdleControl({
    devices: probe.devices,
    clock,
    isIdle: () => !runner.busy && readiness.status.state === 'ready',
    measure: idleMeasurement({ config, probe, states, children, clock, log }),
  });
  const session: Session = new Session({
    transport: ports.transport,
    clock,
    random,
    log,
    url: config.agentUrl,
    handlers: handlersOf({ config, probe, runner, readiness, instanceId, states, gates, health, idleControl }, () => session),
  });
  return { log, probe, session, runner, readiness, idleControl };
}

/** Longest a provider may take to load and run three nodes: an NPU compiler's first start takes half a minute. */
const TRIAL_MS = 120_000;

/** Longest a provider that ran before may take for the same. */
const HEALTH_MS = 60_000;

/** A task begins when the machine is its own. */
function givingWay(runTask: RunTask, idleControl: () => IdleControl): RunTask {
  return async (context, enter) => {
    await idleControl().giveWay();
    return await runTask(context, enter);
  };
}

/** Runs a small model on a device as this machine runs the provider. */
function healthProbe(config: AgentConfig, tryProvider: TryProvider): (device: Device, ep: string) => Promise<string | null> {
  return async ({ profile }, ep) => {
    if (!isExecutionProvider(ep)) return null;
    const machine = machineEp(ep, config, await new EpPackages(config.dataFolder).list());
    return (await tryProvider(trialOf(ep, machine, profile.class))).why;
  };
}

/** Tries providers in processes of their own: an agent never loads native inference code, and a broken driver ends its trial only. */
function providerTrial(children: ChildHost, { dataFolder, hostName }: AgentConfig, timeoutMs: number): TryProvider {
  const observer = { signal: new AbortController().signal, log: () => {}, progress: () => {} };
  return (request) => {
    const work = { stage: 'ep-trial', deviceName: `${hostName}/cpu0`, request: asJson(request), result: trialResultSchema };
    return runInChild(children, { ...work, timeoutMs, cwd: dataFolder }, observer);
  };
}

/** What looks after the devices. */
interface Watchers {
  readonly states: StateReader;
  readonly gates: GateKeeper;
  readonly health: DeviceHealth;
}

/** Wires messages to the runner: the whole reaction of the agent to its coordinator in one place. */
function handlersOf(
  {
    config,
    probe,
    runner,
    readiness,
    instanceId,
    states,
    gates,
    health,
    idleControl,
  }: Omit<Parts, 'log' | 'session'> & Watchers & { readonly config: AgentConfig; readonly instanceId: string },
  session: () => Session,
): ConstructorParameters<typeof Session>[0]['handlers'] {
  const status = (): AgentStatus => readiness.status;
  return {
    hello: () => ({
      agentVersion: VERSION,
      agentId: config.name,
      instanceId,
      host: probe.host,
      devices: probe.devices,
      missing: probe.missing,
      status: status(),
      heldLeases: runner.heldLeases(),
    }),
    status,
    deviceStates: async () => {
      const isBusy = runner.busy || idleControl.measuring;
      const now = await states.read(probe.devices, isBusy ? 'none' : 'recent');
      gates.observe(now, !isBusy);
      return now;
    },
    renewals: () => runner.renewals(),
    onConnected: () => {
      if (!runner.busy) void health.askAgain();
      runner.resendAll();
    },
    onVerdicts: (verdicts, sinceMs) => runner.applyVerdicts(verdicts, sinceMs),
    onAssign: (assignment) => {
      void idleControl.giveWay();
      runner.assign(assignment);
    },
    onCompleteAck: (ack) => runner.acknowledge(ack),
    onCancel: (lease, by) => runner.cancel(lease, by),
    onRevoke: (lease, why) => runner.revoke(lease, why),
    onDrain: (why) => {
      readiness.drain(why);
      session().statusChanged();
    },
    onTick: () => {
      runner.resendLate();
      void readiness.refresh().then(() => session().statusChanged());
      idleControl.consider();
    },
  };
}

function run(config: AgentConfig, { log, probe, session, runner, readiness, idleControl }: Parts, release: () => Promise<void>): Agent {
  const letProcessEnd = holdProcess();
  let finish = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let stopping: Promise<void> | undefined;
  const shutDown = async (reason: string): Promise<void> => {
    log.stopping({ reason });
    readiness.drain(reason);
    session.statusChanged();
    await idleControl.giveWay();
    await runner.stop({ graceMs: config.stopGraceMs, ackMs: session.connected ? ACK_WAIT_MS : 0 });
    await session.stop();
    await release();
    log.stopped({});
    letProcessEnd();
    finish();
  };
  log.started({
    agentId: config.name,
    hostId: probe.host.hostId,
    dataFolder: config.dataFolder,
    devices: probe.devices.map(({ name }) => name).join(', '),
  });
  session.start();
  return {
    agentId: config.name,
    probe,
    done,
    stop: (reason) => {
      stopping ??= shutDown(reason);
      return stopping;
    },
  };
}

interface InstanceFacts {
  readonly hostId: string;
  readonly files: Files;
  readonly random: Random;
}

/** Random per data folder, and bound to the folder's place: a copy of the folder, here or on another machine, is another instance. */
async function readInstanceId(folder: string, { hostId, files, random }: InstanceFacts): Promise<string> {
  const id = await readOrMakeId(join(folder, 'instance-id'), { files, random });
  return `${id}-${sha256(`${hostId}\n${folder}`).slice(0, 12)}`;
}

async function readOrMakeId(path: string, { files, random }: Pick<InstanceFacts, 'files' | 'random'>): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f-]{36}$/.test(known)) return known;
  const fresh = random.id();
  await files.writeAtomic(path, Buffer.from(fresh)).catch((cause: unknown) => {
    throw new GroveError('store-failed', { problem: `${path}: ${toGroveError(cause).message}` }, { cause });
  });
  return fresh;
}
