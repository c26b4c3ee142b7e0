import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_MESSAGE_BYTES } from '../../domain/constants.ts';
import type { Device, DeviceState, HostInfo } from '../../domain/device.ts';
import { GroveError, toGroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Clock, Random } from '../../domain/ports.ts';
import type { AgentMessage, CoordinatorMessage, Grant, HeldLease, LeaseVerdict } from '../../domain/protocol.ts';
import {
  type Assignment,
  type AttemptOutcome,
  attemptOutcomeSchema,
  type LeaseRef,
  type Stage,
  type TaskResult,
} from '../../domain/task.ts';
import type { AgentConfig } from '../config.ts';
import type { AgentLog } from '../log-events.ts';
import { type ChildHost, runInChild } from './child-process-stage.ts';
import { LeaseWatch } from './lease-watch.ts';
import type { ModelCache } from './model-cache.ts';
import { keyOf, type PendingResult, type PendingResults } from './pending-results.ts';
import type { EnterStage, TaskContext } from './stage.ts';
import { TaskStopped } from './stop-reason.ts';
import { TaskLog } from './task-log.ts';

/** A result is sent again when it has not been acknowledged for this long. */
const RESEND_MS = 5_000;
/** Progress travels at most this often; the last value of a stage always does. */
const PROGRESS_INTERVAL_MS = 250;

/** What a complete message has beside its outcome is far below this margin. */
const MAX_OUTCOME_BYTES = MAX_MESSAGE_BYTES - 4_096;

type AttemptKey = Pick<LeaseRef, 'taskId' | 'attempt'>;

/** Runs the stages of an assignment and returns its result. Throws GroveErrors and the signal's reason. */
export type RunTask = (context: TaskContext, enter: EnterStage) => Promise<TaskResult>;

/** What the runner needs of the session. */
export interface TaskLink {
  send(message: AgentMessage): void;
  requestGrants(
    what: { readonly lease: LeaseRef; readonly direction: 'put' | 'get'; readonly blobs: readonly Blob[] },
    signal: AbortSignal,
  ): Promise<readonly Grant[]>;
}

export interface TaskRunnerOptions {
  readonly config: AgentConfig;
  readonly agentVersion: string;
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: AgentLog;
  readonly link: TaskLink;
  readonly cache: ModelCache;
  readonly children: ChildHost;
  readonly pending: PendingResults;
  readonly runTask: RunTask;
  /** Parent of the attempts' scratch folders. */
  readonly workFolder: string;
  readState(device: Device, tools: 'fresh' | 'none'): Promise<DeviceState>;
  /** Why the agent takes no work now; undefined when it does. */
  refusal(): GroveError | undefined;
  /** An attempt ended: disk, wedged children and with them the agent's status may have changed. */
  onChange(): void;
}

interface Running {
  readonly assignment: Assignment;
  readonly controller: AbortController;
  readonly log: TaskLog;
  readonly finished: Promise<void>;
  readonly undos: (() => void)[];
  stage: Stage | null;
}

/**
 * Every attempt this agent works on, from accept to the coordinator's acknowledgement.
 *
 * ```
 *   assigned ──refusal──> rejected
 *      │accept
 *   running ──stages end, throw, are cancelled──> result pending (on disk) ──completeAck──> gone
 *      └──revoked, abandoned, lease not renewed──> dropped, nothing reported
 * ```
 */
export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #running = new Map<string, Running>();
  readonly #sentMs = new Map<string, number>();
  readonly #leases: LeaseWatch;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#leases = new LeaseWatch(options.clock, (key) =>
      this.#stopByKey(key, new TaskStopped('lease-gone', 'the lease was not renewed in time')),
    );
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** For hello. */
  heldLeases(): readonly HeldLease[] {
    // Between writing a result and leaving, an attempt is in both places.
    const open = [...this.#running.values()].filter(({ assignment }) => this.#options.pending.get(assignment.lease) === undefined);
    const running = open.map(({ assignment, stage }) => ({ lease: assignment.lease, stage, resultPending: false }));
    const done = this.#options.pending.all().map(({ lease }) => ({ lease, stage: null, resultPending: true }));
    return [...running, ...done];
  }

  renewals(): readonly LeaseRef[] {
    return this.heldLeases().map(({ lease }) => lease);
  }

  /** Accepts and starts, or rejects. An assignment delivered twice runs once, also after its work is done. */
  assign(assignment: Assignment): void {
    const { lease } = assignment;
    const running = this.#running.get(keyOf(lease));
    const device = this.#options.devices.find(({ name }) => name === assignment.deviceName);
    const refusal = this.#options.refusal();
    if (this.#options.pending.get(lease)?.lease.token === lease.token) this.#sendResult(lease);
    else if (running?.assignment.lease.token === lease.token) this.#options.link.send({ type: 'accept', lease });
    else if (refusal !== undefined) this.#reject(lease, refusal);
    else if (device === undefined) this.#reject(lease, new GroveError('not-found', { kind: 'device', id: assignment.deviceName }));
    else {
      running?.controller.abort(new TaskStopped('lease-gone', 'the same attempt was assigned again with another token'));
      this.#accept(assignment, device);
    }
  }

  cancel(lease: AttemptKey, by: string): void {
    this.#stopByKey(keyOf(lease), new TaskStopped('cancelled', `cancelled by ${by}`));
  }

  /** The lease is gone: stops the work and forgets its result. */
  revoke(lease: AttemptKey, why: string): void {
    this.#stopByKey(keyOf(lease), new TaskStopped('lease-gone', why));
    void this.#forgetResult(lease);
  }

  /** @param sinceMs monotonic start of the verdicts' durations. */
  applyVerdicts(verdicts: readonly LeaseVerdict[], sinceMs: number): void {
    for (const { lease, verdict, durationMs } of verdicts) {
      if (verdict === 'abandon') this.revoke(lease, 'the coordinator gave the task up or away');
      else if (this.#running.has(keyOf(lease))) this.#leases.extend(keyOf(lease), durationMs, sinceMs);
    }
  }

  /** A new connection: what the old one may have lost travels again. The coordinator takes repeats for what they are. */
  resendAll(): void {
    for (const { assignment, log } of this.#running.values()) {
      this.#options.link.send({ type: 'accept', lease: assignment.lease });
      log.resend();
    }
    for (const { lease } of this.#options.pending.all()) this.#sendResult(lease);
  }

  /** Resends results that wait too long for their acknowledgement. */
  resendLate(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const { lease } of this.#options.pending.all()) {
      if (nowMs - (this.#sentMs.get(keyOf(lease)) ?? 0) >= RESEND_MS) this.#sendResult(lease);
    }
  }

  /** A refusal that another try may cure keeps the result; any other answer ends the agent's duty. */
  acknowledge({ lease, recorded, error }: Extract<CoordinatorMessage, { type: 'completeAck' }>): void {
    this.#options.log.resultAcknowledged({ taskId: lease.taskId, attempt: lease.attempt, recorded, code: error?.code ?? '' });
    if (error?.retryable !== true) void this.#forgetResult(lease);
  }

  /** Lets running attempts go on for `graceMs`, hands back what is left, and waits until results are acknowledged or `ackMs` have passed. */
  async stop({ graceMs, ackMs }: { readonly graceMs: number; readonly ackMs: number }): Promise<void> {
    await this.#untilOrAfter(() => !this.busy, graceMs);
    const finished = [...this.#running.values()].map((running) => running.finished);
    for (const key of this.#running.keys()) this.#stopByKey(key, new TaskStopped('shutdown', 'the agent stops'));
    await Promise.all(finished);
    await this.#untilOrAfter(() => this.#options.pending.all().length === 0, ackMs);
  }

  #reject(lease: LeaseRef, error: GroveError): void {
    this.#options.log.taskRejected({ taskId: lease.taskId, attempt: lease.attempt, code: error.code });
    this.#options.link.send({ type: 'reject', lease, error: error.toReport() });
  }

  #accept(assignment: Assignment, device: Device): void {
    const { clock, link, log } = this.#options;
    const { lease, leaseMs, spec } = assignment;
    const key = keyOf(lease);
    const controller = new AbortController();
    const taskLog = new TaskLog({ lease, clock, send: (chunk) => link.send(chunk) });
    link.send({ type: 'accept', lease });
    log.taskAccepted({ taskId: lease.taskId, attempt: lease.attempt, kind: spec.kind, deviceName: device.name });
    this.#leases.extend(key, leaseMs, clock.monotonicMs());
    // Begins in a later microtask, when the entry is in the map.
    const finished = Promise.resolve().then(() => this.#execute(running, device));
    const running: Running = { assignment, controller, log: taskLog, finished, undos: [], stage: null };
    this.#running.set(key, running);
  }

  /** Never throws. */
  async #execute(running: Running, device: Device): Promise<void> {
    const { lease } = running.assignment;
    const ended = await this.#outcomeOf(running, device);
    const outcome = ended === undefined ? undefined : fitting(ended);
    running.log.close();
    if (outcome !== undefined) await this.#keep({ lease, outcome });
    this.#leave(running);
    if (outcome !== undefined) this.#report(lease, outcome);
    this.#options.onChange();
  }

  /** A result that cannot be written (a full disk) is sent once all the same; if that is lost too, the lease runs out and the task is tried again. */
  async #keep(result: PendingResult): Promise<void> {
    try {
      await this.#options.pending.add(result);
    } catch (error) {
      this.#unexpected('writing a result', error);
      this.#options.link.send({ type: 'complete', ...result });
    }
  }

  /** Undefined when nobody is to be told. */
  async #outcomeOf(running: Running, device: Device): Promise<AttemptOutcome | undefined> {
    const { signal } = running.controller;
    const folder = join(this.#options.workFolder, this.#options.random.token(8));
    try {
      await mkdir(folder, { recursive: true });
      const result = await this.#options.runTask(this.#contextOf(running, { device, folder }), (stage) => this.#enter(running, stage));
      signal.throwIfAborted();
      return { state: 'completed', result };
    } catch (error) {
      running.log.line(toGroveError(error).message);
      return this.#endingOf(signal.aborted ? signal.reason : error, running.assignment.lease);
    } finally {
      for (const undo of running.undos.reverse()) undo();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) =>
        this.#unexpected('removing a scratch folder', error),
      );
    }
  }

  /** The recipe's or input's fault is a failure of the task; everything else ends only this attempt. */
  #endingOf(thrown: unknown, lease: LeaseRef): AttemptOutcome | undefined {
    if (thrown instanceof TaskStopped) {
      if (thrown.kind === 'cancelled') return { state: 'cancelled' };
      if (thrown.kind === 'shutdown')
        return { state: 'exception', error: new GroveError('agent-shutdown', { agentId: this.#options.config.name }).toReport() };
      this.#options.log.taskDropped({ taskId: lease.taskId, attempt: lease.attempt, why: thrown.message });
      return undefined;
    }
    const error = toGroveError(thrown);
    if (error.code === 'internal') this.#unexpected(`task ${lease.taskId}`, thrown);
    const { fault } = error.spec;
    return { state: fault === 'recipe' || fault === 'input' ? 'failed' : 'exception', error: error.toReport() };
  }

  #leave(running: Running): void {
    const key = keyOf(running.assignment.lease);
    if (this.#running.get(key) !== running) return;
    this.#running.delete(key);
    this.#leases.forget(key);
  }

  #report(lease: LeaseRef, outcome: AttemptOutcome): void {
    const code = 'error' in outcome ? outcome.error.code : '';
    this.#options.log.taskEnded({ taskId: lease.taskId, attempt: lease.attempt, state: outcome.state, code });
    this.#sendResult(lease);
  }

  #sendResult(lease: AttemptKey): void {
    const result = this.#options.pending.get(lease);
    if (result === undefined) return;
    this.#sentMs.set(keyOf(lease), this.#options.clock.monotonicMs());
    this.#options.link.send({ type: 'complete', ...result });
  }

  async #forgetResult(lease: AttemptKey): Promise<void> {
    this.#sentMs.delete(keyOf(lease));
    await this.#options.pending.remove(lease).catch((error: unknown) => this.#unexpected('removing a result', error));
  }

  #stopByKey(key: string, reason: TaskStopped): void {
    this.#running.get(key)?.controller.abort(reason);
  }

  #enter(running: Running, stage: Stage): void {
    const { lease } = running.assignment;
    running.stage = stage;
    this.#options.log.stageStarted({ taskId: lease.taskId, attempt: lease.attempt, stage });
    this.#options.link.send({ type: 'progress', lease, stage, fraction: 0, note: '' });
  }

  #contextOf(running: Running, { device, folder }: { readonly device: Device; readonly folder: string }): TaskContext {
    const { config, agentVersion, host, clock, random, cache, children, link, readState } = this.#options;
    const { assignment, controller, log } = running;
    const { signal } = controller;
    const progress = throttledProgress(clock, (fraction, note) => {
      if (running.stage !== null) link.send({ type: 'progress', lease: assignment.lease, stage: running.stage, fraction, note });
    });
    const line = (text: string) => log.line(text);
    return {
      ...{ assignment, device, host, config, agentVersion, clock, random, cache, folder, signal },
      readState: (tools) => readState(device, tools),
      log: line,
      progress,
      grants: (direction, blobs) => link.requestGrants({ lease: assignment.lease, direction, blobs }, signal),
      atEnd: (undo) => void running.undos.push(undo),
      inChild: ({ span: [from, to] = [0, 1], ...work }) => {
        const observer = { signal, log: line, progress: (fraction: number, note: string) => progress(from + fraction * (to - from), note) };
        return runInChild(children, { ...work, deviceName: device.name, cwd: folder }, observer);
      },
    };
  }

  #unexpected(where: string, error: unknown): void {
    this.#options.log.unexpected({ where, why: toGroveError(error).message, stack: error instanceof Error ? (error.stack ?? '') : '' });
  }

  async #untilOrAfter(condition: () => boolean, limitMs: number): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + limitMs;
    while (!condition() && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => {
        clock.after(20, resolve);
      });
    }
  }
}

/**
 * An outcome no message can carry, or that its reader would refuse (a NaN is null in JSON), would break every connection it is resent on: it becomes
 * an error that can travel.
 */
function fitting(outcome: AttemptOutcome): AttemptOutcome {
  const json = JSON.stringify(outcome);
  const sizeBytes = Buffer.byteLength(json);
  if (sizeBytes > MAX_OUTCOME_BYTES)
    return { state: 'failed', error: new GroveError('message-too-large', { sizeBytes, limitBytes: MAX_OUTCOME_BYTES }).toReport() };
  const parsed = attemptOutcomeSchema.safeParse(JSON.parse(json));
  if (parsed.success) return outcome;
  const [issue] = parsed.error.issues;
  const problem = `the result is not valid at ${issue?.path.join('.')}: ${issue?.message}`;
  return { state: 'exception', error: new GroveError('internal', { problem }).toReport() };
}

/** Passes on the first and last value of a stage and, between them, one each {@link PROGRESS_INTERVAL_MS}. */
function throttledProgress(clock: Clock, send: (fraction: number, note: string) => void): (fraction: number, note?: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (fraction, note = '') => {
    const nowMs = clock.monotonicMs();
    // 0 of 0 bytes: the coordinator would refuse the message, and with it the connection.
    if (Number.isNaN(fraction)) return;
    if (fraction < 1 && nowMs - lastMs < PROGRESS_INTERVAL_MS) return;
    lastMs = nowMs;
    send(Math.min(1, Math.max(0, fraction)), note);
  };
}
