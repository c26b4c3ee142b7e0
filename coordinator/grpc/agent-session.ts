import { HEARTBEAT_MS, PROTOCOL_VERSION } from '../../domain/constants.ts';
import { profileDigest } from '../../domain/device.ts';
import { type ErrorCode, GroveError, toGroveError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/json.ts';
import type { AgentId, SessionId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import type { AgentMessage, CoordinatorMessage, Hello, LeaseVerdict } from '../../domain/protocol.ts';
import type { Assignment, LeaseRef } from '../../domain/task.ts';
import type { AgentIdentity } from '../access/enrolments.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Log } from '../log-events.ts';
import type { ProgressHub } from '../logs/progress-hub.ts';
import type { TaskLogs } from '../logs/task-logs.ts';
import type { Dispatcher } from '../schedule/dispatcher.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { MessageStream } from './message-stream.ts';
import { assertGrantable, assertLive } from './readable-blobs.ts';
import { type RecordDeps, recordResult } from './record-result.ts';
import type { LiveSession, Sessions } from './sessions.ts';

/** A stream that has not said hello by then is closed. */
const HELLO_MS = 10_000;

/** Grant requests of one agent that are answered at once; further ones wait, and what it says after them. */
const MAX_GRANTS_AT_ONCE = 8;

/** Errors after which a result may still be recorded, on another stream or by another coordinator. */
const UNANSWERED: ReadonlySet<string> = new Set<ErrorCode>(['store-failed', 'store-unavailable', 'artifact-store-unavailable', 'internal']);

export interface AgentSessionDeps {
  readonly store: TaskStore;
  readonly artifacts: Pick<ArtifactStore, 'grantGet' | 'grantPut' | 'claim'>;
  readonly dispatcher: Pick<Dispatcher, 'attach' | 'detach' | 'setReady' | 'rejected'>;
  readonly sessions: Sessions;
  readonly logs: Pick<TaskLogs, 'append'>;
  readonly progress: Pick<ProgressHub, 'publish'>;
  readonly kindOf: RecordDeps['kindOf'];
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly coordinatorId: string;
  readonly version: string;
  readonly log: Log;
  /** The store has the agent's devices as they are now. */
  onHello(): void;
}

/**
 * One stream from hello to its end. Whatever an agent sends, the outcome is an answer, a refusal that closes this stream, or nothing: never an
 * exception that reaches the server.
 */
export async function serveAgent(stream: MessageStream, identity: AgentIdentity | null, deps: AgentSessionDeps): Promise<void> {
  let session: AgentSession | undefined;
  const impatience = deps.clock.after(
    HELLO_MS,
    () => session === undefined && stream.refuse(new GroveError('hello-first', { message: 'silence' })),
  );
  try {
    for await (const message of stream.incoming()) {
      if (session !== undefined) await session.handle(message);
      else session = await AgentSession.open(assertIsItself(message, identity), stream, deps);
      if (message.type === 'hello' || message.type === 'heartbeat') await assertStillGood(identity);
    }
  } catch (thrown) {
    const error = toGroveError(thrown);
    const agentId = session?.agentId ?? null;
    deps.log(error.code === 'internal' ? 'internal-error' : 'agent-refused', { agentId, code: error.code, error: error.message });
    stream.refuse(error);
  } finally {
    impatience.cancel();
    await session?.close();
    stream.end();
  }
}

/**
 * A certificate speaks for one agent in one data folder. From the hello on, every command bears the name that is checked here. Throws `forbidden` for another
 * agent's name and `duplicate-agent` for a copied identity.
 */
function assertIsItself(message: AgentMessage, identity: AgentIdentity | null): AgentMessage {
  if (identity === null || message.type !== 'hello') return message;
  const { agentId, instanceId } = identity;
  if (message.agentId !== agentId)
    throw new GroveError('forbidden', { who: `Agent "${agentId}"`, problem: `its certificate does not speak for "${message.agentId}"` });
  if (message.instanceId !== instanceId) throw new GroveError('duplicate-agent', { agentId });
  return message;
}

/** Its key may have been revoked before its hello, or while notices of other coordinators were lost. A store that cannot be asked ends no stream. */
async function assertStillGood(identity: AgentIdentity | null): Promise<void> {
  try {
    await identity?.assertGood();
  } catch (error) {
    if (error instanceof GroveError && error.code === 'agent-revoked') throw error;
  }
}

class AgentSession implements LiveSession {
  readonly agentId: AgentId;
  readonly sessionId: SessionId;
  readonly #stream: MessageStream;
  readonly #granting = new Set<Promise<void>>();
  readonly #deps: AgentSessionDeps;

  private constructor(ids: { agentId: AgentId; sessionId: SessionId }, stream: MessageStream, deps: AgentSessionDeps) {
    this.agentId = ids.agentId;
    this.sessionId = ids.sessionId;
    this.#stream = stream;
    this.#deps = deps;
  }

  /** Throws `hello-first`, `protocol-version` and what the store throws for a cloned identity. */
  static async open(message: AgentMessage, stream: MessageStream, deps: AgentSessionDeps): Promise<AgentSession> {
    if (message.type !== 'hello') throw new GroveError('hello-first', { message: message.type });
    if (message.protocolVersion !== PROTOCOL_VERSION) {
      throw new GroveError('protocol-version', { agent: message.protocolVersion, coordinator: PROTOCOL_VERSION });
    }
    const profileDigests = Object.fromEntries(message.devices.map(({ name, profile }) => [name, profileDigest(profile, deps.sha256)]));
    const { type: _type, protocolVersion: _version, ...facts } = message;
    const { sessionId, verdicts } = await deps.store.hello({
      now: deps.clock.now(),
      coordinatorId: deps.coordinatorId,
      profileDigests,
      ...facts,
    });
    const session = new AgentSession({ agentId: message.agentId, sessionId }, stream, deps);
    try {
      await session.#begin(message, { profileDigests, verdicts });
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  async #begin(
    hello: Hello,
    answer: { profileDigests: Readonly<Record<string, string>>; verdicts: readonly LeaseVerdict[] },
  ): Promise<void> {
    const { agentId, sessionId } = this;
    const { sessions, dispatcher, log, version } = this.#deps;
    sessions.add(this);
    this.send({
      type: 'welcome',
      protocolVersion: PROTOCOL_VERSION,
      coordinatorVersion: version,
      sessionId,
      heartbeatMs: HEARTBEAT_MS,
      leases: answer.verdicts,
    });
    log('agent-connected', {
      agentId,
      sessionId,
      hostId: hello.host.hostId,
      devices: hello.devices.map(({ name }) => name),
      held: hello.heldLeases.length,
    });
    await this.#cancelAgain(answer.verdicts.flatMap(({ lease, verdict }) => (verdict === 'continue' ? [lease] : [])));
    const { hostId } = hello.host;
    const assign = (assignment: Assignment): boolean => this.send({ type: 'assign', assignment });
    const local = { agentId, sessionId, hostId, devices: hello.devices, profileDigests: answer.profileDigests, assign };
    dispatcher.attach(local, hello.status.state === 'ready');
    this.#deps.onHello();
  }

  /** A job cancelled while the agent was away: it learns now. */
  async repeatCancels(): Promise<void> {
    await this.#cancelAgain((await this.#deps.store.agent(this.agentId))?.leases ?? []);
  }

  async #cancelAgain(leases: readonly Pick<LeaseRef, 'taskId' | 'attempt'>[]): Promise<void> {
    for (const { taskId, attempt } of leases) {
      const lease = { taskId, attempt };
      const task = await this.#deps.store.task(lease.taskId);
      const by = task?.attempts.find(({ attempt }) => attempt === lease.attempt)?.cancelRequestedBy ?? null;
      if (by !== null) this.send({ type: 'cancel', lease, by });
    }
  }

  send(message: CoordinatorMessage): boolean {
    return this.#stream.send(message);
  }

  supersede(): void {
    this.#stream.refuse(new GroveError('stale-session', { sessionId: this.sessionId, agentId: this.agentId }));
  }

  expel(): void {
    this.#stream.refuse(new GroveError('agent-revoked', { agentId: this.agentId }));
  }

  async handle(message: AgentMessage): Promise<void> {
    switch (message.type) {
      case 'hello':
        throw new GroveError('malformed-message', { message: 'hello', problem: 'a session says hello once' });
      case 'heartbeat':
        return this.#heartbeat(message);
      case 'accept':
        return this.#orRevoke(message.lease, () => this.#deps.store.accept(this.#leaseCommand(message.lease)));
      case 'reject':
        return this.#reject(message);
      case 'progress':
        return this.#progress(message);
      case 'logChunk':
        return this.#logChunk(message);
      case 'grantRequest':
        return this.#grantBeside(message);
      case 'complete':
        return this.#complete(message);
      case 'quarantine':
        return this.#quarantine(message);
    }
  }

  async #heartbeat({ status, deviceStates, renewals }: AgentMessage & { type: 'heartbeat' }): Promise<void> {
    const { agentId, sessionId } = this;
    const { store, dispatcher, clock } = this.#deps;
    const { verdicts } = await store.heartbeat({ now: clock.now(), agentId, sessionId, status, deviceStates, renewals });
    this.send({ type: 'renewed', leases: verdicts });
    dispatcher.setReady(agentId, status.state === 'ready');
  }

  /** The agent knows best that a device of it is broken: a mark that would end by itself gives way. */
  async #quarantine({ reason, fix }: AgentMessage & { type: 'quarantine' }): Promise<void> {
    const { agentId } = this;
    const { store, clock, log } = this.#deps;
    const mark = { kind: 'quarantined', reason, fix, until: null } as const;
    await store.markAgent({ now: clock.now(), principal: { kind: 'agent', name: 'agent' }, agentId, mark, yields: true });
    log('agent-quarantined-itself', { agentId, reason });
  }

  async #reject({ lease, error }: AgentMessage & { type: 'reject' }): Promise<void> {
    const { agentId } = this;
    this.#deps.log('task-rejected', { agentId, taskId: lease.taskId, attempt: lease.attempt, code: error.code });
    // First, or the event of the task's return would offer it to the same agent at once.
    this.#deps.dispatcher.rejected(agentId);
    await this.#orRevoke(lease, () => this.#deps.store.reject({ ...this.#leaseCommand(lease), error }));
  }

  /** A lease that is gone is the agent's news, not a reason to close its stream. */
  async #orRevoke(lease: LeaseRef, command: () => Promise<void>): Promise<void> {
    try {
      await command();
    } catch (error) {
      if (!(error instanceof GroveError) || error.code !== 'stale-token') throw error;
      this.send({ type: 'revoke', lease, why: error.message });
    }
  }

  async #progress({ lease, ...progress }: AgentMessage & { type: 'progress' }): Promise<void> {
    if (!(await this.#isLive(lease))) return;
    const { stage, fraction, note } = progress;
    this.#deps.progress.publish(lease.taskId, { attempt: lease.attempt, stage, fraction, note });
  }

  async #logChunk({ lease, sequence, text }: AgentMessage & { type: 'logChunk' }): Promise<void> {
    if (await this.#isLive(lease)) this.#deps.logs.append(lease.taskId, lease.attempt, { sequence, text });
  }

  async #isLive(lease: LeaseRef): Promise<boolean> {
    try {
      assertLive(await this.#deps.store.task(lease.taskId), this.agentId, lease);
      return true;
    } catch {
      return false;
    }
  }

  /** Grants may take as long as an object store does to join the parts of a large file; heartbeats must not wait for them. */
  async #grantBeside(request: AgentMessage & { type: 'grantRequest' }): Promise<void> {
    if (this.#granting.size >= MAX_GRANTS_AT_ONCE) await Promise.race(this.#granting);
    const granting = this.#grant(request).finally(() => this.#granting.delete(granting));
    this.#granting.add(granting);
  }

  async #grant(request: AgentMessage & { type: 'grantRequest' }): Promise<void> {
    const { store, artifacts, clock } = this.#deps;
    const { requestId, lease, blobs, direction } = request;
    try {
      await assertGrantable(request, assertLive(await store.task(lease.taskId), this.agentId, lease), store);
      const now = clock.now();
      const grants = await Promise.all(
        blobs.map((blob) => (direction === 'get' ? artifacts.grantGet(blob, now) : artifacts.grantPut(blob, now))),
      );
      this.send({ type: 'grant', requestId, grants, error: null });
    } catch (error) {
      this.send({ type: 'grant', requestId, grants: [], error: toGroveError(error).toReport() });
    }
  }

  /** The agent resends until it is answered; only when the store itself fails does it get no answer and try again on a new stream. */
  async #complete({ lease, outcome }: AgentMessage & { type: 'complete' }): Promise<void> {
    const { agentId } = this;
    const facts = { agentId, taskId: lease.taskId, attempt: lease.attempt };
    try {
      const { recorded, state } = await recordResult(this.#deps, { ...this.#leaseCommand(lease), outcome });
      this.#deps.log('result-recorded', { ...facts, outcome: outcome.state, state, recorded });
      this.send({ type: 'completeAck', lease, recorded, error: null });
    } catch (thrown) {
      const error = toGroveError(thrown);
      // Whoever can answer later must: an answered result is forgotten by its agent.
      if (UNANSWERED.has(error.code)) throw error;
      this.#deps.log('result-refused', { ...facts, code: error.code });
      this.send({ type: 'completeAck', lease, recorded: false, error: error.toReport() });
    }
  }

  #leaseCommand(lease: LeaseRef) {
    return { now: this.#deps.clock.now(), agentId: this.agentId, lease };
  }

  /** Idempotent on the store's side: only the current session can close itself. */
  async close(): Promise<void> {
    const { agentId, sessionId } = this;
    const { store, sessions, dispatcher, clock, log } = this.#deps;
    sessions.remove(this);
    dispatcher.detach(agentId, sessionId);
    log('agent-disconnected', { agentId, sessionId });
    await store
      .closeStream({ now: clock.now(), agentId, sessionId })
      .catch((error: unknown) => log('internal-error', { agentId, error: String(error) }));
  }
}
