import type { DueItem, NewTask, TaskRecord, TaskStore } from '../../../coordinator/store/task-store.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Priority } from '../../../domain/names.ts';
import { DEFAULT_POLICY } from '../../../domain/policy.ts';
import type { LeaseRef } from '../../../domain/task.ts';

/** A store with one thing wrong, made from a store that is right. */
export type Plant = (store: TaskStore) => TaskStore;

/** Mistakes a store of this kind is prone to. Each works through the port alone, so it can be planted in any implementation. */
export const PLANTED_BUGS: Readonly<Record<string, Plant>> = {
  'results are taken without looking at the token': (store) =>
    replace(store, {
      complete: async (command) => store.complete({ ...command, ...(await inForce(store, command.lease)) }),
    }),

  'an acceptance is taken without looking at the token': (store) =>
    replace(store, {
      accept: async (command) => store.accept({ ...command, ...(await inForce(store, command.lease)) }),
    }),

  'a stale session may send heartbeats': (store) =>
    replace(store, {
      heartbeat: async (command) => store.heartbeat({ ...command, sessionId: await currentSession(store, command) }),
    }),

  'the closing of a stale stream closes the new one': (store) =>
    replace(store, {
      closeStream: async (command) => store.closeStream({ ...command, sessionId: await currentSession(store, command) }),
    }),

  'a clone takes over a connected agent': (store) =>
    replace(store, {
      hello: async (command) => {
        const present = await store.agent(command.agentId);
        if (present !== undefined) await store.closeStream({ now: command.now, agentId: command.agentId, sessionId: present.sessionId });
        return store.hello(command);
      },
    }),

  'a repeated result counts again': (store) => {
    const repeats = new Map<string, number>();
    return replace(store, {
      complete: async (command) => {
        const answer = await store.complete(command);
        if (!answer.recorded) repeats.set(command.lease.taskId, (repeats.get(command.lease.taskId) ?? 0) + 1);
        return answer;
      },
      jobs: async (page) => {
        const jobs = await store.jobs(page);
        const extra = (taskIds: readonly string[]) => taskIds.reduce((sum, taskId) => sum + (repeats.get(taskId) ?? 0), 0);
        return jobs.map((job) => ({ ...job, counts: { ...job.counts, completed: job.counts.completed + extra(job.taskIds) } }));
      },
    });
  },

  'a resend is answered as if it were new': (store) =>
    replace(store, {
      complete: async (command) => ({ ...(await store.complete(command)), recorded: true }),
    }),

  'the host of a lost agent is free at once': (store) =>
    replace(store, {
      expire: async (command) => {
        const answer = await store.expire(command);
        const held = (await store.due(command.now + 60_000, 1_000)).filter(({ kind }) => kind === 'host');
        for (const item of held) await store.expire({ now: item.deadline, items: [item] });
        return answer;
      },
    }),

  "an agent renews another one's leases": (store) =>
    replace(store, {
      heartbeat: async (command) => {
        const answer = await store.heartbeat(command);
        for (const lease of command.renewals) await renewForItsHolder(store, lease, command.now);
        return answer;
      },
    }),

  'a renewal renews nothing': (store) =>
    replace(store, {
      heartbeat: async (command) => {
        const { verdicts } = await store.heartbeat({ ...command, renewals: [] });
        return {
          verdicts: verdicts.concat(
            command.renewals.map(({ taskId, attempt }) => ({ lease: { taskId, attempt }, verdict: 'continue', durationMs: 30_000 })),
          ),
        };
      },
    }),

  'two benchmarks share a host': (store) => alterTasks(store, { submit: asShared, show: asExclusive }),

  'a waiter is forgotten': (store) => {
    const forgotten = new Map<string, readonly string[]>();
    return alterTasks(store, {
      submit: (task) => {
        forgotten.set(task.taskId, task.needs);
        return task.needs.length > 0 ? { ...task, needs: [] } : task;
      },
      show: (task) => ({ ...task, needs: forgotten.get(task.taskId) ?? task.needs }),
    });
  },

  'a retry too many': (store) =>
    alterTasks(store, {
      submit: (task) => ({ ...task, retry: { maxAttempts: task.retry.maxAttempts + 1 } }),
      show: (task) => ({ ...task, retry: { maxAttempts: task.retry.maxAttempts - 1 } }),
    }),

  'sweep goes before urgent': (store) => alterPriority(store, { urgent: 'sweep', interactive: 'interactive', sweep: 'urgent' }),

  'submitters have no fair share': (store) => {
    const submitters = new Map<string, string>();
    const shown = alterTasks(store, {
      submit: (task) => task,
      show: (task) => ({ ...task, submitter: submitters.get(task.taskId) ?? task.submitter }),
    });
    return replace(shown, {
      submit: async (command) => {
        for (const { taskId } of command.tasks)
          if ((await store.task(taskId)) === undefined) submitters.set(taskId, command.principal.name);
        return store.submit({ ...command, principal: { ...command.principal, name: 'everyone' } });
      },
    });
  },

  'a cancelled conversion lives on': (store) => {
    const ghosts = new Set<string>();
    return replace(store, {
      cancelJob: async (command) => {
        const job = await store.job(command.jobId);
        const tasks = (await store.tasksOf(command.jobId)).filter(({ taskId, state }) => taskId.startsWith('c-') && state === 'pending');
        const jobId = `ghost-of-${command.jobId}`;
        if (job === undefined || tasks.length === 0 || ghosts.has(jobId)) return store.cancelJob(command);
        ghosts.add(jobId);
        const request = { now: command.now, principal: command.principal, jobId, idempotencyKey: jobId, requestDigest: jobId };
        await store.submit({ ...request, spec: job.spec, priority: job.priority, tasks });
        return store.cancelJob(command);
      },
      jobs: async (page) => (await store.jobs(page)).filter(({ jobId }) => !ghosts.has(jobId)),
    });
  },

  'a cancel is answered and forgotten': (store) =>
    replace(store, {
      cancelJob: async ({ jobId }) => {
        if ((await store.job(jobId)) === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
        return { cancelledTasks: [], running: [] };
      },
    }),

  'an idempotency key is not remembered': (store) => {
    let count = 0;
    return replace(store, {
      submit: async (command) => {
        count += 1;
        return store.submit({ ...command, idempotencyKey: `${count}` });
      },
    });
  },

  'an expiry acts although the lease was renewed': (store) =>
    replace(store, {
      expire: async (command) => {
        const all = await store.due(command.now + 60_000, 1_000);
        const moved = command.items.flatMap((item) => all.filter((one) => isSameThing(one, item)));
        return store.expire({ now: Math.max(command.now, ...moved.map(({ deadline }) => deadline)), items: moved });
      },
    }),

  'a lease the agent still holds is dropped at hello': (store) =>
    replace(store, {
      hello: async (command) => {
        const { sessionId } = await store.hello({ ...command, heldLeases: [] });
        return {
          sessionId,
          verdicts: command.heldLeases.map(({ lease: { taskId, attempt } }) => ({
            lease: { taskId, attempt },
            verdict: 'continue',
            durationMs: 30_000,
          })),
        };
      },
    }),

  'a lease the agent no longer holds lives on': (store) =>
    replace(store, {
      hello: async (command) => {
        const held = (await store.agent(command.agentId))?.leases ?? [];
        const leases = await Promise.all(held.map(({ taskId }) => leaseInForce(store, taskId)));
        const reported = new Set(command.heldLeases.map(({ lease }) => lease.token));
        const unreported = leases.flatMap((lease) =>
          lease === undefined || reported.has(lease.token) ? [] : [{ lease, stage: null, resultPending: false }],
        );
        const answer = await store.hello({ ...command, heldLeases: [...command.heldLeases, ...unreported] });
        return { ...answer, verdicts: answer.verdicts.slice(0, command.heldLeases.length) };
      },
    }),

  'conversions slip past a blocked benchmark': (store) =>
    replace(store, {
      acquire: async (command) => {
        const acquired = await store.acquire(command);
        if (acquired === undefined) await flicker(store, command.agentId);
        return acquired;
      },
    }),

  'a marked agent gets work': (store) =>
    replace(store, {
      markAgent: async (command) => {
        if ((await store.agent(command.agentId)) === undefined || command.mark === null) await store.markAgent(command);
      },
    }),

  'a cancelled attempt counts as a failure of its agent': (store) =>
    replace(store, {
      complete: async (command) => {
        const answer = await store.complete(command);
        if (command.outcome.state === 'cancelled' && answer.recorded) await quarantine(store, command);
        return answer;
      },
    }),

  'a task is tried again where it has just failed': (store) =>
    replace(store, {
      complete: async (command) => {
        const answer = await store.complete(command);
        const due = await store.due(command.now + 60_000, 1_000);
        const avoided = due.find((item) => item.kind === 'avoid' && item.taskId === command.lease.taskId);
        if (avoided !== undefined) await store.expire({ now: avoided.deadline, items: [avoided] });
        return answer;
      },
    }),

  'a deadline is not kept': (store) =>
    replace(store, {
      expire: async ({ items, ...command }) => store.expire({ ...command, items: items.filter(({ kind }) => kind !== 'deadline') }),
    }),

  'quotas are not kept': (store) =>
    replace(store, {
      setPolicy: ({ policy, ...command }) => store.setPolicy({ ...command, policy: { ...policy, quotas: DEFAULT_POLICY.quotas } }),
    }),

  'weights are not looked at': (store) =>
    replace(store, {
      setPolicy: ({ policy, ...command }) => store.setPolicy({ ...command, policy: { ...policy, weights: {} } }),
    }),

  'an event is lost now and then': (store) =>
    replace(store, {
      subscribe: (listener) => store.subscribe((event) => event.sequence % 20 !== 0 && listener(event)),
    }),
};

async function quarantine(store: TaskStore, { now, agentId }: { readonly now: number; readonly agentId: string }): Promise<void> {
  const mark = { kind: 'quarantined', reason: 'cancelled', fix: '', until: null } as const;
  await store.markAgent({ now, principal: { kind: 'system', name: 'grove' }, agentId, mark });
}

/** A store that differs in the given methods. */
function replace(store: TaskStore, methods: Partial<TaskStore>): TaskStore {
  const same: TaskStore = {
    submit: (command) => store.submit(command),
    addTasks: (command) => store.addTasks(command),
    hello: (command) => store.hello(command),
    heartbeat: (command) => store.heartbeat(command),
    closeStream: (command) => store.closeStream(command),
    acquire: (command) => store.acquire(command),
    accept: (command) => store.accept(command),
    reject: (command) => store.reject(command),
    complete: (command) => store.complete(command),
    markAgent: (command) => store.markAgent(command),
    setPolicy: (command) => store.setPolicy(command),
    policy: () => store.policy(),
    leaseCounts: () => store.leaseCounts(),
    curateCell: (command) => store.curateCell(command),
    curations: () => store.curations(),
    cancelJob: (command) => store.cancelJob(command),
    expire: (command) => store.expire(command),
    due: (now, limit) => store.due(now, limit),
    job: (jobId) => store.job(jobId),
    jobs: (page) => store.jobs(page),
    knownJobs: (jobIds) => store.knownJobs(jobIds),
    runningJobs: () => store.runningJobs(),
    followingJobs: (now) => store.followingJobs(now),
    task: (taskId) => store.task(taskId),
    tasksOf: (jobId, page) => store.tasksOf(jobId, page),
    agents: () => store.agents(),
    agent: (agentId) => store.agent(agentId),
    queues: () => store.queues(),
    position: (taskId) => store.position(taskId),
    benchmarks: (page) => store.benchmarks(page),
    archives: () => store.archives(),
    eventsSince: (afterSequence, limit) => store.eventsSince(afterSequence, limit),
    subscribe: (listener) => store.subscribe(listener),
    start: () => store.start(),
    stop: () => store.stop(),
  };
  return { ...same, ...methods };
}

interface TaskChange {
  submit(task: NewTask): NewTask;
  /** Hides the change from whoever looks. */
  show(task: TaskRecord): TaskRecord;
}

function alterTasks(store: TaskStore, { submit, show }: TaskChange): TaskStore {
  return replace(store, {
    submit: async (command) => store.submit({ ...command, tasks: command.tasks.map(submit) }),
    task: async (taskId) => {
      const task = await store.task(taskId);
      return task === undefined ? undefined : show(task);
    },
    tasksOf: async (jobId, page) => (await store.tasksOf(jobId, page)).map(show),
  });
}

function asShared(task: NewTask): NewTask {
  return { ...task, requirement: { ...task.requirement, exclusivity: 'shared' } };
}

function asExclusive(task: TaskRecord): TaskRecord {
  return task.spec.kind === 'benchmark' ? { ...task, requirement: { ...task.requirement, exclusivity: 'exclusive' } } : task;
}

function alterPriority(store: TaskStore, swapped: Readonly<Record<Priority, Priority>>): TaskStore {
  const shown = alterTasks(store, { submit: (task) => task, show: (task) => ({ ...task, priority: swapped[task.priority] }) });
  return replace(shown, { submit: async (command) => store.submit({ ...command, priority: swapped[command.priority] }) });
}

async function leaseInForce(store: TaskStore, taskId: string): Promise<LeaseRef | undefined> {
  const attempt = (await store.task(taskId))?.attempts.at(-1);
  return attempt === undefined || attempt.ended !== null ? undefined : { taskId, attempt: attempt.attempt, token: attempt.token };
}

async function inForce(store: TaskStore, lease: LeaseRef): Promise<{ readonly lease: LeaseRef; readonly agentId?: string }> {
  const current = await leaseInForce(store, lease.taskId);
  const agentId = (await store.task(lease.taskId))?.attempts.at(-1)?.agentId;
  return current === undefined || agentId === undefined ? { lease } : { lease: current, agentId };
}

async function currentSession(
  store: TaskStore,
  { agentId, sessionId }: { readonly agentId: string; readonly sessionId: number },
): Promise<number> {
  return (await store.agent(agentId))?.sessionId ?? sessionId;
}

async function renewForItsHolder(store: TaskStore, { taskId }: LeaseRef, now: number): Promise<void> {
  const lease = await leaseInForce(store, taskId);
  const holder = await store.agent((await store.task(taskId))?.attempts.at(-1)?.agentId ?? '');
  if (lease === undefined || holder === undefined || holder.connection === 'offline') return;
  const { agentId, sessionId, status, deviceStates } = holder;
  await store.heartbeat({ now, agentId, sessionId, status, deviceStates, renewals: [lease] });
}

function isSameThing(a: DueItem, b: DueItem): boolean {
  const { deadline: _, ...thing } = a;
  const { deadline: __, ...other } = b;
  return JSON.stringify(thing) === JSON.stringify(other);
}

/** Not ready and ready again, in no time: whatever the store had reserved for this agent's host is given up, and nothing else changes. */
async function flicker(store: TaskStore, agentId: string): Promise<void> {
  const agent = await store.agent(agentId);
  if (agent === undefined || agent.connection !== 'connected' || agent.status.state !== 'ready') return;
  const ended = (await store.benchmarks()).flatMap(({ taskId, attempts }) => {
    return attempts.filter((attempt) => attempt.ended !== null).map(({ attempt, token }) => ({ taskId, attempt, token }));
  });
  const session = { now: agent.lastSeenAt, agentId, sessionId: agent.sessionId, deviceStates: agent.deviceStates, renewals: ended };
  await store.heartbeat({ ...session, status: { state: 'not-ready', why: 'flicker' } });
  await store.heartbeat({ ...session, status: agent.status });
}
