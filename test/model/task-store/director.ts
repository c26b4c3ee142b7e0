import type { AnyCall } from '../../../coordinator/store/memory/execute.ts';
import type { Acquired, DueItem, MarkAgentCommand, NewTask, SubmitCommand } from '../../../coordinator/store/task-store.ts';
import { LEASE_MS } from '../../../domain/constants.ts';
import type { LeaseRef, TaskSpec } from '../../../domain/task.ts';
import {
  deviceOf,
  digestsOf,
  hostOf,
  JOB_SPEC,
  newTask,
  resultOf,
  TRANSFER_FAILED,
  UNSUPPORTED,
} from '../../conformance/task-store/documents.ts';
import { type Action, AGENTS, type AgentName, outcomeOf } from './world.ts';

/** A lease as its agent remembers it. */
interface RememberedLease {
  readonly agentId: AgentName;
  readonly lease: LeaseRef;
  readonly kind: TaskSpec['kind'];
}

/**
 * Turns actions into commands from what coordinators and agents know: sessions, tokens and leases they were given, also old ones. It never looks into a
 * store, so the same actions become the same commands whatever answers them, as long as the answers are the same.
 */
export class Director {
  now = 1_000_000;
  readonly #sessions = new Map<AgentName, { current: number; former: number }>();
  readonly #leases: RememberedLease[] = [];
  readonly #submits: SubmitCommand[] = [];
  readonly #lastTokens = new Map<AgentName, string>();
  #tokens = 0;
  #listed: readonly DueItem[] = [];

  /** The command for an action; undefined when there is nothing to do it to. */
  commandFor(action: Action, due: readonly DueItem[]): AnyCall | undefined {
    switch (action.type) {
      case 'submit':
        return { name: 'submit', command: this.#submit(action) };
      case 'resubmit':
        return this.#resubmit(action);
      case 'link':
        return this.#link(action);
      case 'hello':
        return this.#hello(action);
      case 'heartbeat':
        return this.#heartbeat(action);
      case 'close':
        return { name: 'closeStream', command: this.#session(action) };
      case 'acquire':
        return { name: 'acquire', command: { ...this.#session(action), token: this.#token(action) } };
      case 'accept':
      case 'reject':
      case 'complete':
        return this.#aboutLease(action);
      case 'mark':
        return { name: 'markAgent', command: this.#mark(action) };
      case 'policy':
        return { name: 'setPolicy', command: { now: this.now, principal: { kind: 'user', name: 'ann' }, policy: action.policy } };
      case 'curate':
        return {
          name: 'curateCell',
          command: { now: this.now, principal: { kind: 'user', name: 'ann' }, cellId: action.cellId, change: action.change },
        };
      case 'cancel':
        return this.#cancel(action.pick);
      case 'expire':
        return this.#expire(action, due);
      case 'pass':
        this.now += action.durationMs;
        return undefined;
      case 'list':
        // A coordinator whose clock is ahead looks at what is due and acts on it later.
        this.#listed = due.filter(({ deadline }) => deadline <= this.now + LEASE_MS);
        return undefined;
    }
  }

  /** What an answer teaches coordinators and agents. */
  learn(call: AnyCall, answer: unknown): void {
    if (call.name === 'hello' && isSession(answer)) {
      const agent = nameOf(call.command.agentId);
      this.#sessions.set(agent, { current: answer.sessionId, former: this.#sessions.get(agent)?.current ?? 0 });
    }
    if (call.name === 'acquire' && isAcquired(answer)) {
      const { lease, spec } = answer.assignment;
      if (!this.#leases.some((one) => one.lease.token === lease.token)) {
        this.#leases.push({ agentId: nameOf(call.command.agentId), lease, kind: spec.kind });
      }
    }
  }

  #submit({ shape, priority, submitter }: Action & { type: 'submit' }): SubmitCommand {
    const jobId = `job${this.#submits.length}`;
    const tasks: NewTask[] = [];
    const needs: string[] = [];
    if (shape.resolve) needs.push(`${jobId}-r`);
    else if (shape.conversion !== null) needs.push(`c-${shape.conversion}`);
    if (shape.resolve) tasks.push(newTask(`${jobId}-r`, 'resolve'));
    else if (shape.conversion !== null) tasks.push(conversionTask(shape.conversion, shape.unsupported));
    const unit = shape.unit === null ? {} : { unit: `${shape.unit}/cpu0` };
    for (let index = 0; index < shape.benchmarks; index += 1) {
      tasks.push(newTask(`${jobId}-${index}`, 'benchmark', { needs, requirement: unit, maxAttempts: shape.maxAttempts }));
    }
    const ordinal = this.#submits.length;
    const spec = { ...JOB_SPEC, ...(ordinal % 3 === 0 && { followForMs: 40_000 }), ...(ordinal % 2 === 1 && { deadlineMs: 20_000 }) };
    const principal = { kind: 'user', name: submitter } as const;
    const command = { now: this.now, principal, jobId, idempotencyKey: jobId, requestDigest: jobId, spec, priority, tasks };
    this.#submits.push(command);
    return command;
  }

  #resubmit({ pick, changed }: Action & { type: 'resubmit' }): AnyCall | undefined {
    const earlier = this.#submits[pick % Math.max(1, this.#submits.length)];
    if (earlier === undefined) return undefined;
    return {
      name: 'submit',
      command: { ...earlier, now: this.now, jobId: 'again', requestDigest: changed ? 'changed' : earlier.requestDigest },
    };
  }

  #link({ pick, conversion }: Action & { type: 'link' }): AnyCall | undefined {
    const job = this.#submits[pick % Math.max(1, this.#submits.length)];
    if (job === undefined) return undefined;
    const benchmarks = job.tasks.filter(({ spec, needs }) => spec.kind === 'benchmark' && needs[0]?.endsWith('-r'));
    const links = benchmarks.map(({ taskId, spec }) => ({ taskId, spec, needs: [`c-${conversion}`] }));
    const principal = { kind: 'system', name: 'coordinator' } as const;
    return { name: 'addTasks', command: { now: this.now, principal, jobId: job.jobId, tasks: [conversionTask(conversion, false)], links } };
  }

  #hello({ agent, report, clone }: Action & { type: 'hello' }): AnyCall {
    const mine = this.#leases.filter(({ agentId }) => agentId === agent).map(({ lease }) => lease);
    const reported = report === 'all' ? mine : report === 'newest' ? mine.slice(-1) : [];
    // One host is in a pool, the other in none.
    const labels = AGENTS[agent] === 'h1' ? { pool: 'lab' } : {};
    const devices = [deviceOf(`${agent}/cpu0`, { labels })];
    const who = { agentId: agent, instanceId: clone ? 'clone' : agent, agentVersion: '1', coordinatorId: 'k', host: hostOf(AGENTS[agent]) };
    const heldLeases = reported.map((lease) => ({ lease, stage: null, resultPending: false }));
    const about = { devices, profileDigests: digestsOf(devices), missing: [], status: { state: 'ready', why: '' }, heldLeases } as const;
    return { name: 'hello', command: { now: this.now, ...who, ...about } };
  }

  #heartbeat(action: Action & { type: 'heartbeat' }): AnyCall {
    const mine = this.#leases
      .filter(({ agentId }) => (agentId === action.agent) !== (action.renew === 'foreign'))
      .map(({ lease }) => lease);
    const renewals = action.renew === 'none' ? [] : mine;
    const status = action.draining ? ({ state: 'draining', why: 'test' } as const) : ({ state: 'ready', why: '' } as const);
    return { name: 'heartbeat', command: { ...this.#session(action), status, deviceStates: {}, renewals } };
  }

  #session({ agent, stale }: { readonly agent: AgentName; readonly stale: boolean }) {
    const known = this.#sessions.get(agent) ?? { current: 0, former: 0 };
    return { now: this.now, agentId: agent, sessionId: stale ? known.former : known.current };
  }

  #token({ agent, again }: Action & { type: 'acquire' }): string {
    const last = this.#lastTokens.get(agent);
    if (again && last !== undefined) return last;
    this.#tokens += 1;
    const token = this.#tokens.toString(16).padStart(32, '0');
    this.#lastTokens.set(agent, token);
    return token;
  }

  #aboutLease(action: Extract<Action, { type: 'accept' | 'reject' | 'complete' }>): AnyCall | undefined {
    // Mostly the newest ones: they are the ones that may still be in force.
    const remembered = this.#leases.at(-1 - (action.pick % Math.max(1, Math.min(4, this.#leases.length))));
    if (remembered === undefined) return undefined;
    const { agentId, kind } = remembered;
    const lease = action.forged ? { ...remembered.lease, token: 'f'.repeat(32) } : remembered.lease;
    const command = { now: this.now, agentId, lease };
    if (action.type === 'accept') return { name: 'accept', command };
    if (action.type === 'reject') return { name: 'reject', command: { ...command, error: TRANSFER_FAILED } };
    const outcome = action.outcome === 'completed' ? ({ state: 'completed', result: resultOf(kind) } as const) : outcomeOf(action.outcome);
    return { name: 'complete', command: { ...command, outcome } };
  }

  #mark({ agent, kind, forMs }: Action & { type: 'mark' }): MarkAgentCommand {
    const mark = kind === null ? null : { kind, reason: 'test', fix: '', until: forMs === null ? null : this.now + forMs };
    return { now: this.now, principal: { kind: 'user', name: 'ann' }, agentId: agent, mark };
  }

  #cancel(pick: number): AnyCall | undefined {
    const job = this.#submits.at(-1 - (pick % Math.max(1, this.#submits.length)));
    return job === undefined ? undefined : { name: 'cancelJob', command: { now: this.now, principal: job.principal, jobId: job.jobId } };
  }

  #expire({ durationMs, listed }: Action & { type: 'expire' }, due: readonly DueItem[]): AnyCall {
    this.now += durationMs;
    const items = listed ? this.#listed : due.filter(({ deadline }) => deadline <= this.now);
    return { name: 'expire', command: { now: this.now, items } };
  }
}

function conversionTask(index: 0 | 1, unsupported: boolean): NewTask {
  return newTask(`c-${index}`, 'convert', unsupported ? { endedAs: { state: 'failed', error: UNSUPPORTED } } : { maxAttempts: 2 });
}

function nameOf(agentId: string): AgentName {
  if (agentId === 'a' || agentId === 'b' || agentId === 'c') return agentId;
  throw new Error(`no agent ${agentId} in this world`);
}

function isSession(answer: unknown): answer is { readonly sessionId: number } {
  return typeof answer === 'object' && answer !== null && 'sessionId' in answer;
}

function isAcquired(answer: unknown): answer is Acquired {
  return typeof answer === 'object' && answer !== null && 'assignment' in answer;
}
