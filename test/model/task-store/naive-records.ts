import type { HelloCommand, NewTask } from '../../../coordinator/store/task-store.ts';
import type { AgentMark } from '../../../domain/agent-mark.ts';
import { ATTEMPT_LIMIT_MS } from '../../../domain/constants.ts';
import { type ErrorCode, type ErrorReport, GroveError } from '../../../domain/errors.ts';
import type { Priority } from '../../../domain/names.ts';
import { matchesUnit, refusals } from '../../../domain/requirement.ts';
import type { TaskSpec } from '../../../domain/task.ts';

/** The only thing a refused command says. */
export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

export type NaiveState = 'waiting' | 'pending' | 'leased' | 'running' | 'completed' | 'failed' | 'exception' | 'cancelled';
export const ENDS: readonly NaiveState[] = ['completed', 'failed', 'exception', 'cancelled'];

export interface NaiveAttempt {
  readonly number: number;
  readonly agentId: string;
  readonly hostId: string;
  readonly deviceName: string;
  readonly token: string;
  leasedUntil: number;
  acceptBy: number | null;
  acceptedAt: number | null;
  ended: string | null;
  code: string | null;
  told: string | null;
  report: string | null;
}

export interface NaiveTask {
  readonly taskId: string;
  readonly origin: NewTask;
  jobs: string[];
  needs: string[];
  priority: Priority;
  readonly submitter: string;
  state: NaiveState;
  error: ErrorReport | null;
  result: unknown;
  enqueuedAt: number | null;
  place: { finish: number; sequence: number } | null;
  readonly numberBase: number;
  attempts: NaiveAttempt[];
  avoid: { hostId: string; until: number } | null;
  stop: NaiveStop | null;
}

/** Why a task ends before its time: somebody's cancel, or the deadline of its job. */
export interface NaiveStop {
  readonly by: string;
  readonly deadlineMs: number | null;
}

export function stoppedAs({ by, deadlineMs }: NaiveStop): { readonly state: NaiveState; readonly error: ErrorReport } {
  if (deadlineMs === null) return { state: 'cancelled', error: new GroveError('cancelled', { by }).toReport() };
  return { state: 'exception', error: new GroveError('deadline-exceeded', { deadlineMs }).toReport() };
}

export interface NaiveJob {
  readonly jobId: string;
  readonly priority: Priority;
  readonly submitter: string;
  taskIds: string[];
  /** Tasks whose fate this job does not share any more -> how it saw them end. */
  parted: Map<string, NaiveState>;
  cancelled: boolean;
  /** Null when it does not follow the fleet, or was cancelled. */
  followsUntil: number | null;
  readonly submittedAt: number;
  readonly deadlineMs: number | null;
}

export interface NaiveAgent {
  hello: HelloCommand;
  sessionId: number;
  status: string;
  connection: 'connected' | 'closing' | 'offline';
  seenAt: number;
  closedAt: number;
  mark: AgentMark | null;
  breaker: { inARow: number; trips: number };
}

/** An ended attempt whose agent may still be at work. */
export interface NaiveHold {
  hostId: string;
  taskId: string;
  attempt: number;
  agentId: string;
  until: number;
}

export function byPlace(a: NaiveTask, b: NaiveTask): number {
  return found(a.place).finish - found(b.place).finish || found(a.place).sequence - found(b.place).sequence;
}

export function isExclusive({ origin }: NaiveTask): boolean {
  return origin.requirement.exclusivity === 'exclusive';
}

function classOf({ priority, enqueuedAt }: NaiveTask, now: number): number {
  const waitedMs = now - found(enqueuedAt);
  if (priority === 'sweep') return 2 - (waitedMs > 3_600_000 ? 1 : 0) - (waitedMs > 3_900_000 ? 1 : 0);
  return priority === 'interactive' && waitedMs <= 300_000 ? 1 : 0;
}

export function answerTo(task: NaiveTask) {
  const attempt = found(task.attempts.at(-1));
  const lease = { taskId: task.taskId, attempt: attempt.number, token: attempt.token };
  return { lease, deviceName: attempt.deviceName, leasedUntil: attempt.leasedUntil };
}

/** Where the task is not tried again for half a minute: an accepted attempt ended there as an exception, and somebody else may do better. */
export function avoidedAfter({ origin, attempts }: NaiveTask, agents: readonly NaiveAgent[], now: number): NaiveTask['avoid'] {
  const { acceptedAt, ended, hostId } = found(attempts.at(-1));
  const isMeant = origin.requirement.unit !== undefined || new Set(agents.map(({ hello }) => hello.host.hostId)).size < 2;
  return acceptedAt === null || ended !== 'exception' || isMeant ? null : { hostId, until: now + 30_000 };
}

/** What an attempt ends as when a deadline of this kind is over. */
export const ENDINGS = { lease: 'agent-lost', accept: 'not-accepted', timeout: 'attempt-timeout' } as const;
export type NaiveEnding = (typeof ENDINGS)[keyof typeof ENDINGS];

export function endReport(code: NaiveEnding, agentId: string, kind: TaskSpec['kind']): ErrorReport {
  if (code === 'not-accepted') return new GroveError(code, {}).toReport();
  if (code === 'agent-lost') return new GroveError(code, { agentId }).toReport();
  return new GroveError(code, { limitMs: ATTEMPT_LIMIT_MS[kind] }).toReport();
}

export function found<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('the naive farm has lost something');
  return value;
}

/** The first device of an agent that a task can run on. */
export function deviceFor({ hello }: NaiveAgent, { origin }: NaiveTask): string | undefined {
  const fits = hello.devices.find(
    ({ name, profile }) => matchesUnit(origin.requirement, name) && refusals(origin.requirement, profile).length === 0,
  );
  return fits?.name;
}

/** The third exception in a row, and every further one, quarantines: ten minutes, then twice as long each time, at most two hours. */
export function blame(agent: NaiveAgent, error: ErrorReport, now: number): void {
  const { inARow, trips } = agent.breaker;
  if (inARow < 2) agent.breaker = { inARow: inARow + 1, trips };
  else if (agent.mark === null) {
    agent.breaker = { inARow: 2, trips: trips + 1 };
    const reason = `its last 3 attempts ended as exceptions, the latest as ${error.code}`;
    const until = now + Math.min(600_000 * 2 ** trips, 7_200_000);
    agent.mark = { kind: 'quarantined', by: 'grove', reason, fix: error.advice, since: now, until };
  }
}

/** Between the heads of queues: class after aging, then whom the host has served longest ago, then who came first. */
export function compareHeads(
  a: NaiveTask,
  b: NaiveTask,
  { turns, now }: { readonly turns: readonly string[]; readonly now: number },
): number {
  const turnOf = (task: NaiveTask) => turns.lastIndexOf(task.submitter);
  return classOf(a, now) - classOf(b, now) || turnOf(a) - turnOf(b) || found(a.place).sequence - found(b.place).sequence;
}

/** Of pending tasks, the first of every queue and priority. */
export function firstOfLanes(pending: readonly NaiveTask[]): readonly NaiveTask[] {
  const lane = (task: NaiveTask) =>
    pending.filter((other) => other.origin.requirementDigest === task.origin.requirementDigest && other.priority === task.priority);
  return pending.filter((task) => lane(task).every((other) => other === task || byPlace(task, other) < 0));
}
