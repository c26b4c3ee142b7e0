import { MAX_UNACCEPTED_ATTEMPTS, PRIORITIES } from '../../../coordinator/store/order.ts';
import type {
  AcquireCommand,
  AddTasksCommand,
  CancelCommand,
  CompleteCommand,
  DueItem,
  ExpireCommand,
  HeartbeatCommand,
  HelloCommand,
  LeaseCommand,
  MarkAgentCommand,
  NewTask,
  SessionCommand,
  SetPolicyCommand,
  SubmitCommand,
} from '../../../coordinator/store/task-store.ts';
import { ACCEPT_MS, LEASE_MS, SILENCE_MS } from '../../../domain/constants.ts';
import { type ErrorReport, GroveError } from '../../../domain/errors.ts';
import { DEFAULT_POLICY, type SchedulingPolicy } from '../../../domain/policy.ts';
import { nextAttempt } from '../../../domain/retry.ts';
import type { AttemptOutcome, LeaseRef } from '../../../domain/task.ts';
import { chooseFor } from './naive-choice.ts';
import { createNaiveCurations } from './naive-curations.ts';
import { dueOf } from './naive-due.ts';
import { holdsExceeding } from './naive-quotas.ts';
import {
  answerTo,
  avoidedAfter,
  blame,
  byPlace,
  deviceFor,
  ENDINGS,
  ENDS,
  endReport,
  found,
  type NaiveAgent,
  type NaiveAttempt,
  type NaiveEnding,
  type NaiveHold,
  type NaiveJob,
  type NaiveState,
  type NaiveStop,
  type NaiveTask,
  Refusal,
  stoppedAs,
} from './naive-records.ts';

/**
 * What the store should do, in the most obvious way: lists that are searched from end to end, nothing kept that can be worked out again, no journal, no
 * queues, no deadlines. Written from the rules and sharing no code with a store.
 */
export class NaiveFarm {
  tasks: NaiveTask[] = [];
  jobs: NaiveJob[] = [];
  agents: NaiveAgent[] = [];
  readonly submits: { key: string; digest: string; jobId: string }[] = [];
  /** Who waits for whom, in the order they began to. */
  edges: { need: string; taskId: string }[] = [];
  /** Ended attempts whose agents may still be at work. */
  holds: NaiveHold[] = [];
  readonly reservations = new Map<string, string>();
  /** Host -> submitters in the order it served them. */
  readonly served = new Map<string, string[]>();
  /** Every token a lease was given for. */
  readonly tokens: string[] = [];
  readonly clocks = new Map<string, { time: number; finishes: Map<string, number> }>();
  policy: SchedulingPolicy = DEFAULT_POLICY;
  readonly curateCell = createNaiveCurations();
  #sessions = 0;
  #sequence = 0;

  submit(command: SubmitCommand) {
    const key = `${command.principal.kind}/${command.principal.name}/${command.idempotencyKey}`;
    const earlier = this.submits.find((one) => one.key === key);
    if (earlier !== undefined) {
      if (earlier.digest !== command.requestDigest) throw new Refusal('idempotency-conflict');
      return { jobId: earlier.jobId, created: false };
    }
    this.submits.push({ key, digest: command.requestDigest, jobId: command.jobId });
    const { jobId, priority } = command;
    const followsUntil = command.spec.followForMs === undefined ? null : command.now + command.spec.followForMs;
    const { deadlineMs = null } = command.spec;
    const fresh = { taskIds: [], parted: new Map(), cancelled: false, followsUntil, submittedAt: command.now, deadlineMs };
    this.jobs.push({ jobId, priority, submitter: command.principal.name, ...fresh });
    this.#add(this.#job(jobId), command.tasks, command.now);
    return { jobId, created: true };
  }

  addTasks({ jobId, tasks, links, now }: AddTasksCommand) {
    const job = this.jobs.find((one) => one.jobId === jobId);
    if (job === undefined) throw new Refusal('not-found');
    for (const link of links) {
      const task = this.tasks.find((one) => one.taskId === link.taskId);
      if (task === undefined || !job.taskIds.includes(link.taskId)) throw new Refusal('not-found');
      const begun = task.state !== 'waiting' && !ENDS.includes(task.state);
      if (begun && !link.needs.every((need) => task.needs.includes(need))) throw new Refusal('illegal-transition');
    }
    if (job.cancelled) return undefined;
    this.#add(job, tasks, now);
    for (const link of links) {
      const task = this.#task(link.taskId);
      if (task.state !== 'waiting') continue;
      const further = link.needs.filter((need) => !task.needs.includes(need));
      task.needs.push(...further);
      this.#await(task);
    }
    for (const link of links) this.#settle(this.#task(link.taskId), now);
    return undefined;
  }

  hello(command: HelloCommand) {
    const { agentId, now, heldLeases } = command;
    const present = this.agents.find((one) => one.hello.agentId === agentId);
    const alive = present?.connection === 'connected' && now - present.seenAt < SILENCE_MS;
    if (alive && present.hello.instanceId !== command.instanceId) throw new Refusal('duplicate-agent');
    this.#sessions += 1;
    const agent: NaiveAgent = {
      hello: command,
      sessionId: this.#sessions,
      status: command.status.state,
      connection: 'connected',
      seenAt: now,
      closedAt: 0,
      mark: present?.mark ?? null,
      breaker: present?.breaker ?? { inARow: 0, trips: 0 },
    };
    this.agents = present === undefined ? [...this.agents, agent] : this.agents.map((one) => (one === present ? agent : one));
    const verdicts = heldLeases.map(({ lease }) => {
      const ref = { taskId: lease.taskId, attempt: lease.attempt };
      const task = this.#holder(agentId, lease);
      if (task === undefined) return { lease: ref, verdict: 'abandon', durationMs: 0 };
      if (task.stop !== null) {
        this.#endAttempt(task, { now, ended: 'cancelled', code: null, outOfReach: true });
        this.#retry(task, null, now);
        return { lease: ref, verdict: 'abandon', durationMs: 0 };
      }
      this.#last(task).leasedUntil = now + LEASE_MS;
      this.#accept(task, now);
      return { lease: ref, verdict: 'continue', durationMs: LEASE_MS };
    });
    for (const task of this.#heldBy(agentId)) {
      const attempt = this.#last(task);
      if (heldLeases.some(({ lease }) => lease.taskId === task.taskId && lease.attempt === attempt.number && lease.token === attempt.token))
        continue;
      const error = endReport(attempt.acceptedAt === null ? 'not-accepted' : 'agent-lost', agentId, task.origin.spec.kind);
      this.#endAttempt(task, { now, ended: 'exception', code: error.code, outOfReach: false });
      if (attempt.acceptedAt !== null) this.#blame(agentId, error, now);
      this.#retry(task, error, now);
    }
    this.holds = this.holds.filter(
      (hold) => hold.agentId !== agentId || heldLeases.some(({ lease }) => lease.taskId === hold.taskId && lease.attempt === hold.attempt),
    );
    this.#review();
    return { sessionId: agent.sessionId, verdicts };
  }

  heartbeat({ agentId, sessionId, now, status, renewals }: HeartbeatCommand) {
    const agent = this.#current(agentId, sessionId);
    agent.seenAt = now;
    agent.status = status.state;
    this.holds = this.holds.filter(
      (hold) => hold.agentId !== agentId || renewals.some((lease) => lease.taskId === hold.taskId && lease.attempt === hold.attempt),
    );
    this.#review();
    const verdicts = renewals.map((lease) => {
      const task = this.#holder(agentId, lease);
      if (task !== undefined) this.#last(task).leasedUntil = now + LEASE_MS;
      const ref = { taskId: lease.taskId, attempt: lease.attempt };
      return { lease: ref, verdict: task === undefined ? 'abandon' : 'continue', durationMs: task === undefined ? 0 : LEASE_MS };
    });
    return { verdicts };
  }

  closeStream({ agentId, sessionId, now }: SessionCommand) {
    const agent = this.agents.find((one) => one.hello.agentId === agentId && one.sessionId === sessionId);
    if (agent?.connection !== 'connected') return undefined;
    agent.connection = 'closing';
    agent.closedAt = now;
    this.#review();
    return undefined;
  }

  acquire({ agentId, sessionId, token, now }: AcquireCommand) {
    const agent = this.#current(agentId, sessionId);
    const again = this.#heldBy(agentId).find((task) => this.#last(task).token === token);
    if (again !== undefined) return answerTo(again);
    if (this.tokens.includes(token)) return undefined;
    if (agent.connection !== 'connected' || agent.status !== 'ready' || agent.mark !== null) return undefined;
    if (holdsExceeding(this, agent)) this.reservations.delete(agent.hello.host.hostId);
    const task = chooseFor(this, agent, now);
    if (task === undefined) return undefined;
    const { hostId } = agent.hello.host;
    this.#leaveQueue(task, true);
    this.reservations.delete(hostId);
    this.tokens.push(token);
    this.served.set(hostId, [...(this.served.get(hostId) ?? []), task.submitter]);
    const number = task.numberBase + task.attempts.length + 1;
    const times = {
      leasedUntil: now + LEASE_MS,
      acceptBy: now + ACCEPT_MS,
      acceptedAt: null,
      ended: null,
      code: null,
      told: null,
      report: null,
    };
    task.attempts.push({ number, agentId, hostId, deviceName: deviceFor(agent, task) ?? '', token, ...times });
    task.state = 'leased';
    return answerTo(task);
  }

  accept({ agentId, lease, now }: LeaseCommand) {
    this.#named(agentId, lease);
    const task = this.#holder(agentId, lease);
    if (task === undefined) throw new Refusal('stale-token');
    this.#accept(task, now);
    return undefined;
  }

  reject({ agentId, lease, error, now }: LeaseCommand & { readonly error: ErrorReport }) {
    const { task, attempt } = this.#named(agentId, lease);
    const words = `rejected ${JSON.stringify(error)}`;
    if (attempt.ended !== null) {
      if (attempt.report !== words) throw new Refusal('stale-token');
      return undefined;
    }
    if (attempt.acceptedAt !== null) throw new Refusal('illegal-transition');
    attempt.report = words;
    this.#endAttempt(task, { now, ended: 'exception', code: error.code, outOfReach: false });
    this.#retry(task, error, now);
    return undefined;
  }

  complete({ agentId, lease, outcome, now }: CompleteCommand) {
    const { task, attempt } = this.#named(agentId, lease);
    const words = JSON.stringify(outcome);
    if (attempt.ended !== null) {
      if (attempt.report !== words) throw new Refusal('stale-token');
      return { state: task.state, recorded: false };
    }
    attempt.report = words;
    attempt.acceptedAt ??= now;
    this.#endAttempt(task, { now, ended: outcome.state, code: 'error' in outcome ? outcome.error.code : null, outOfReach: false });
    if (outcome.state === 'exception') this.#blame(agentId, outcome.error, now);
    else if (outcome.state !== 'cancelled') this.#agent(agentId).breaker = { inARow: 0, trips: 0 };
    this.#finish(task, { outcome, told: attempt.told !== null, agentId, now });
    return { state: task.state, recorded: true };
  }

  markAgent({ agentId, mark, principal, now, yields = false }: MarkAgentCommand) {
    if (!this.agents.some(({ hello }) => hello.agentId === agentId)) throw new Refusal('not-found');
    const agent = this.#agent(agentId);
    if (yields && agent.mark?.until === null) return undefined;
    agent.mark = mark === null ? null : { ...mark, by: principal.name, since: now };
    if (mark === null) agent.breaker = { inARow: 0, trips: 0 };
    this.#review();
    return undefined;
  }

  setPolicy({ policy }: SetPolicyCommand) {
    this.policy = policy;
    return undefined;
  }

  cancelJob({ jobId, principal, now }: CancelCommand) {
    const job = this.jobs.find((one) => one.jobId === jobId);
    if (job === undefined) throw new Refusal('not-found');
    this.#stopJob(job, { by: principal.name, deadlineMs: null }, now);
    const cancelledTasks = job.taskIds.filter((taskId) => this.viewOf(job, taskId) === 'cancelled');
    return { cancelledTasks, running: this.#told(job) };
  }

  expire({ items, now }: ExpireCommand) {
    const ended: { agentId: string; taskId: string; attempt: number }[] = [];
    const stopped: { agentId: string; taskId: string; attempt: number }[] = [];
    for (const item of items) {
      const due = this.due(now).some((one) => JSON.stringify(one) === JSON.stringify(item));
      if (!due) continue;
      if (item.kind === 'host') this.holds = this.holds.filter((hold) => hold.taskId !== item.taskId || hold.attempt !== item.attempt);
      if (item.kind === 'mark') this.#agent(item.agentId).mark = null;
      if (item.kind === 'session') ended.push(...this.#lose(item.agentId, now));
      if (item.kind === 'deadline') {
        const job = this.#job(item.jobId);
        this.#stopJob(job, { by: 'deadline', deadlineMs: job.deadlineMs }, now);
        stopped.push(...this.#told(job));
      }
      if (item.kind === 'avoid') this.#task(item.taskId).avoid = null;
      if (item.kind === 'lease' || item.kind === 'accept' || item.kind === 'timeout')
        ended.push(this.#takeAway(this.#task(item.taskId), ENDINGS[item.kind], now));
    }
    return { ended, stopped };
  }

  readonly due = (now: number): readonly DueItem[] => dueOf(this, now);

  /** How a job sees one of its tasks. */
  viewOf(job: NaiveJob, taskId: string): NaiveState {
    return job.parted.get(taskId) ?? this.#task(taskId).state;
  }

  /** Pending tasks in the order their queue serves them, without aging. */
  queue(digest: string): readonly NaiveTask[] {
    const pending = this.tasks.filter((task) => task.state === 'pending' && task.origin.requirementDigest === digest);
    return pending.sort((a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || byPlace(a, b));
  }

  #task(taskId: string): NaiveTask {
    return found(this.tasks.find((one) => one.taskId === taskId));
  }

  #job(jobId: string): NaiveJob {
    return found(this.jobs.find((one) => one.jobId === jobId));
  }

  #last(task: NaiveTask): NaiveAttempt {
    return found(task.attempts.at(-1));
  }

  #current(agentId: string, sessionId: number): NaiveAgent {
    const agent = this.agents.find((one) => one.hello.agentId === agentId);
    if (agent?.sessionId !== sessionId || agent.connection === 'offline') throw new Refusal('stale-session');
    return agent;
  }

  readonly #agent = (agentId: string): NaiveAgent => found(this.agents.find(({ hello }) => hello.agentId === agentId));

  #blame(agentId: string, error: ErrorReport, now: number): void {
    blame(this.#agent(agentId), error, now);
    this.#review();
  }

  #heldBy(agentId: string): readonly NaiveTask[] {
    return this.tasks.filter((task) => (task.state === 'leased' || task.state === 'running') && this.#last(task).agentId === agentId);
  }

  #holder(agentId: string, lease: LeaseRef): NaiveTask | undefined {
    const mine = this.#heldBy(agentId);
    return mine.find(
      (task) => task.taskId === lease.taskId && this.#last(task).number === lease.attempt && this.#last(task).token === lease.token,
    );
  }

  #named(agentId: string, lease: LeaseRef) {
    const task = this.tasks.find((one) => one.taskId === lease.taskId);
    const attempt = task?.attempts.find((one) => one.number === lease.attempt && one.token === lease.token && one.agentId === agentId);
    if (task === undefined || attempt === undefined) throw new Refusal('stale-token');
    return { task, attempt };
  }

  #add(job: NaiveJob, all: readonly NewTask[], now: number): void {
    const tasks = all.filter(
      ({ taskId }, index) => !job.taskIds.includes(taskId) && all.findIndex((one) => one.taskId === taskId) === index,
    );
    job.taskIds.push(...tasks.map(({ taskId }) => taskId));
    const fresh = tasks.filter((task) => !this.#refer(job, task, now));
    for (const task of fresh) this.#create(job, task);
    for (const { taskId } of fresh) this.#await(this.#task(taskId));
    for (const { taskId, endedAs } of fresh) {
      const task = this.#task(taskId);
      if (task.state !== 'waiting') continue;
      if (endedAs === undefined) this.#settle(task, now);
      else this.#end(task, { state: endedAs.state, error: endedAs.error, now });
    }
  }

  #refer(job: NaiveJob, { taskId }: NewTask, now: number): boolean {
    const task = this.tasks.find((one) => one.taskId === taskId);
    if (task === undefined) return false;
    if (task.state === 'completed') return true;
    if (ENDS.includes(task.state)) return task.attempts.length > 0 && (task.error?.code.startsWith('unsupported-') ?? false);
    if (task.stop !== null) {
      for (const jobId of task.jobs) this.#job(jobId).parted.set(taskId, stoppedAs(task.stop).state);
      task.jobs = [];
      task.stop = null;
    }
    task.jobs.push(job.jobId);
    this.#reprioritise(task, now);
    return true;
  }

  #create(job: NaiveJob, origin: NewTask): void {
    const former = this.tasks.find((one) => one.taskId === origin.taskId);
    for (const jobId of former?.jobs ?? []) this.#job(jobId).parted.set(origin.taskId, found(former).state);
    const task: NaiveTask = {
      taskId: origin.taskId,
      origin,
      jobs: [job.jobId],
      needs: [...origin.needs],
      priority: job.priority,
      submitter: job.submitter,
      state: 'waiting',
      error: null,
      result: null,
      enqueuedAt: null,
      place: null,
      numberBase: former === undefined ? 0 : former.numberBase + former.attempts.length,
      attempts: [],
      avoid: null,
      stop: null,
    };
    this.tasks = former === undefined ? [...this.tasks, task] : this.tasks.map((one) => (one === former ? task : one));
  }

  #await(task: NaiveTask): void {
    for (const need of task.needs) {
      const known = this.edges.some((edge) => edge.need === need && edge.taskId === task.taskId);
      if (!known && !ENDS.includes(this.#task(need).state)) this.edges.push({ need, taskId: task.taskId });
    }
  }

  #settle(task: NaiveTask, now: number): void {
    if (task.state !== 'waiting') return;
    const needs = task.needs.map((need) => this.#task(need));
    const bad = needs.find(({ state }) => ENDS.includes(state) && state !== 'completed');
    if (bad !== undefined) {
      const inherited = bad.error?.code.startsWith('unsupported-')
        ? bad.error
        : new GroveError('source-failed', { taskId: bad.taskId, ended: bad.state }).toReport();
      this.#end(task, { state: 'failed', error: inherited, now });
      return;
    }
    const isMissingConversion =
      task.origin.spec.kind === 'benchmark' && needs.length > 0 && !needs.some((need) => need.origin.spec.kind === 'convert');
    if (needs.every(({ state }) => state === 'completed') && !isMissingConversion) this.#enqueue(task, now);
  }

  #end(task: NaiveTask, { state, error, now }: { state: NaiveState; error: ErrorReport | null; now: number }): void {
    if (task.state === 'pending') this.#leaveQueue(task, false);
    task.state = state;
    task.error = error;
    const waiting = this.edges.filter(({ need }) => need === task.taskId);
    this.edges = this.edges.filter(({ need }) => need !== task.taskId);
    for (const { taskId } of waiting) this.#settle(this.#task(taskId), now);
    this.#review();
  }

  #enqueue(task: NaiveTask, now: number): void {
    task.state = 'pending';
    task.enqueuedAt ??= now;
    const clock = this.#clock(task);
    if (task.place === null) this.#sequence += 1;
    task.place = task.place === null ? { finish: this.#nextFinish(task), sequence: this.#sequence } : { ...task.place, finish: clock.time };
  }

  #clock({ origin, priority }: NaiveTask) {
    const name = `${origin.requirementDigest} ${priority}`;
    const clock = this.clocks.get(name) ?? { time: 0, finishes: new Map<string, number>() };
    this.clocks.set(name, clock);
    return clock;
  }

  #nextFinish(task: NaiveTask): number {
    const { time, finishes } = this.#clock(task);
    const finish = Math.max(time, finishes.get(task.submitter) ?? 0) + 1 / (this.policy.weights[task.submitter] ?? 1);
    finishes.set(task.submitter, finish);
    return finish;
  }

  #leaveQueue(task: NaiveTask, served: boolean): void {
    task.avoid = null;
    this.#leaveLane(task, served);
    const digest = task.origin.requirementDigest;
    if (this.queue(digest).length === 0)
      for (const name of [...this.clocks.keys()]) if (name.startsWith(`${digest} `)) this.clocks.delete(name);
    for (const [hostId, taskId] of this.reservations) if (taskId === task.taskId) this.reservations.delete(hostId);
  }

  #leaveLane(task: NaiveTask, served: boolean): void {
    const clock = this.#clock(task);
    if (served) clock.time = Math.max(clock.time, found(task.place).finish);
    task.state = 'waiting';
    const lane = this.queue(task.origin.requirementDigest).filter(({ priority }) => priority === task.priority);
    if (lane.length === 0) clock.finishes.clear();
  }

  #reprioritise(task: NaiveTask, _now: number): void {
    const priorities = task.jobs.map((jobId) => this.#job(jobId).priority);
    const highest = found(PRIORITIES.find((priority) => priorities.includes(priority)));
    if (highest === task.priority) return;
    const wasPending = task.state === 'pending';
    if (wasPending) this.#leaveLane(task, false);
    task.priority = highest;
    if (!wasPending) return;
    task.state = 'pending';
    task.place = { sequence: found(task.place).sequence, finish: this.#nextFinish(task) };
  }

  #accept(task: NaiveTask, now: number): void {
    const attempt = this.#last(task);
    attempt.acceptedAt ??= now;
    attempt.acceptBy = null;
    task.state = 'running';
  }

  #endAttempt(task: NaiveTask, how: { now: number; ended: string; code: string | null; outOfReach: boolean }): void {
    const attempt = this.#last(task);
    attempt.ended = how.ended;
    attempt.code = how.code;
    attempt.acceptBy = null;
    const { hostId, agentId, leasedUntil, number } = attempt;
    if (how.outOfReach && leasedUntil > how.now)
      this.holds.push({ hostId, taskId: task.taskId, attempt: number, agentId, until: leasedUntil });
  }

  #finish(
    task: NaiveTask,
    { outcome, told, agentId, now }: { outcome: AttemptOutcome; told: boolean; agentId: string; now: number },
  ): void {
    if (task.stop !== null) this.#retry(task, null, now);
    else if (outcome.state === 'completed') {
      task.result = outcome.result;
      this.#end(task, { state: 'completed', error: null, now });
    } else if (outcome.state === 'failed') this.#end(task, { state: 'failed', error: outcome.error, now });
    else if (outcome.state === 'exception') this.#retry(task, outcome.error, now);
    else if (told) this.#enqueue(task, now);
    else this.#retry(task, new GroveError('agent-shutdown', { agentId }).toReport(), now);
  }

  #retry(task: NaiveTask, error: ErrorReport | null, now: number): void {
    if (task.stop !== null || error === null) {
      this.#end(task, { ...stoppedAs(found(task.stop)), now });
      return;
    }
    task.error = error;
    const acceptedAttempts = task.attempts.filter(({ acceptedAt, ended }) => acceptedAt !== null && ended !== 'cancelled').length;
    const offered = task.attempts.filter(({ acceptedAt }) => acceptedAt === null).length;
    const wasAccepted = this.#last(task).acceptedAt !== null;
    const again = wasAccepted ? nextAttempt(task.origin.retry, { acceptedAttempts, error }).retry : offered < MAX_UNACCEPTED_ATTEMPTS;
    if (again) {
      this.#enqueue(task, now);
      task.avoid = avoidedAfter(task, this.agents, now);
    } else this.#end(task, { state: 'exception', error, now });
  }

  #stopJob(job: NaiveJob, stop: NaiveStop, now: number): void {
    const open = job.taskIds.filter((taskId) => !ENDS.includes(this.viewOf(job, taskId)));
    if ((open.length > 0 || job.followsUntil !== null) && !job.cancelled) {
      job.cancelled = true;
      job.followsUntil = null;
      const waiting = open.filter((taskId) => this.#task(taskId).state === 'waiting');
      for (const taskId of [...waiting, ...open.filter((one) => !waiting.includes(one))])
        this.#stop(job, this.#task(taskId), { stop, now });
    }
  }

  /** Attempts of a job that were asked to stop and live. */
  #told(job: NaiveJob) {
    return job.taskIds.flatMap((taskId) => {
      const attempt = this.#task(taskId).attempts.at(-1);
      const asked = !ENDS.includes(this.viewOf(job, taskId)) && attempt !== undefined && attempt.ended === null && attempt.told !== null;
      return asked ? [{ agentId: attempt.agentId, taskId, attempt: attempt.number }] : [];
    });
  }

  #stop(job: NaiveJob, task: NaiveTask, { stop, now }: { stop: NaiveStop; now: number }): void {
    if (ENDS.includes(this.viewOf(job, task.taskId))) return;
    if (task.jobs.some((jobId) => jobId !== job.jobId)) {
      job.parted.set(task.taskId, stoppedAs(stop).state);
      task.jobs = task.jobs.filter((jobId) => jobId !== job.jobId);
      this.#reprioritise(task, now);
    } else if (task.state === 'leased' || task.state === 'running') {
      this.#last(task).told = stop.by;
      task.stop = stop;
    } else this.#end(task, { ...stoppedAs(stop), now });
  }

  #lose(agentId: string, now: number) {
    this.#agent(agentId).connection = 'offline';
    // In the order the agent got them.
    const held = [...this.#heldBy(agentId)].sort((a, b) => (this.#last(a).token < this.#last(b).token ? -1 : 1));
    const ended = held.map((task) => this.#takeAway(task, 'agent-lost', now));
    this.#review();
    return ended;
  }

  #takeAway(task: NaiveTask, code: NaiveEnding, now: number) {
    const { agentId, number } = this.#last(task);
    const outOfReach = code !== 'agent-lost' || this.agents.find((one) => one.hello.agentId === agentId)?.connection !== 'connected';
    const error = endReport(code, agentId, task.origin.spec.kind);
    this.#endAttempt(task, { now, ended: 'exception', code, outOfReach });
    if (this.#last(task).acceptedAt !== null) this.#blame(agentId, error, now);
    this.#retry(task, error, now);
    return { agentId, taskId: task.taskId, attempt: number };
  }

  /** A reservation lasts while its task is pending and a ready agent of the host could take it. */
  #review(): void {
    for (const [hostId, taskId] of this.reservations) {
      const task = this.#task(taskId);
      const here = this.agents.filter(
        ({ hello, connection, status, mark }) =>
          hello.host.hostId === hostId && connection === 'connected' && status === 'ready' && mark === null,
      );
      if (task.state !== 'pending' || !here.some((agent) => deviceFor(agent, task) !== undefined)) this.reservations.delete(hostId);
    }
  }
}
