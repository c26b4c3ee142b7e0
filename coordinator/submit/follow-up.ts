import { GroveError } from '../../domain/errors.ts';
import type { JobId, TaskId } from '../../domain/names.ts';
import type { Clock } from '../../domain/ports.ts';
import { SYSTEM_PRINCIPAL } from '../../domain/principal.ts';
import type { TaskSpec } from '../../domain/task.ts';
import type { AddTasksCommand, AgentRecord, JobRecord, StoreEvent, TaskRecord, TaskStore } from '../store/task-store.ts';
import { endUnlinked } from './end-unlinked.ts';

/** Pause before a job whose linking failed is tried again. */
const RETRY_MS = 5_000;

export interface FollowUpDeps {
  readonly store: Pick<TaskStore, 'subscribe' | 'runningJobs' | 'job' | 'tasksOf' | 'agents' | 'addTasks'>;
  /** Undefined for a task that does not exist. */
  kindOf(taskId: TaskId): Promise<TaskSpec['kind'] | undefined>;
  readonly clock: Clock;
  /** What a job's ended resolve tasks make possible: `expand/`. */
  link(input: {
    readonly job: JobRecord;
    readonly tasks: readonly TaskRecord[];
    readonly agents: readonly AgentRecord[];
  }): Pick<AddTasksCommand, 'tasks' | 'links'>;
  onLinked(jobId: JobId, conversions: number): void;
  onError(jobId: JobId, error: unknown): void;
}

export interface FollowUp {
  /** Subscribes and catches up with whatever ended while no coordinator was there. */
  start(): Promise<void>;
  /** Looks at a job now: it has got tasks whose source is resolved already. */
  look(jobId: JobId): void;
  stop(): Promise<void>;
}

/**
 * Links conversions to benchmarks when the source of a job is resolved. Nothing is remembered here: what is to do follows from the store, so a crash
 * at any point is made good at the next start, and doing it twice changes nothing. A failure is tried again after a pause, except an error that would
 * come again: that one ends the benchmarks.
 */
export function createFollowUp(deps: FollowUpDeps): FollowUp {
  let unsubscribe: (() => void) | undefined;
  const inFlight = new Set<Promise<void>>();

  const follow = (jobId: JobId): void => {
    const running = linkJob(deps, jobId)
      .catch((error: unknown) => endJob(deps, jobId, error))
      .catch((error: unknown) => {
        deps.onError(jobId, error);
        if (unsubscribe !== undefined) deps.clock.after(RETRY_MS, () => unsubscribe !== undefined && follow(jobId));
      })
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
  };

  const onEvent = (event: StoreEvent): void => {
    if (event.type !== 'task' || event.state !== 'completed' || event.taskId.startsWith('c-')) return;
    note(event.taskId, event.jobIds);
  };

  /** Asks the store which kind of task has ended, again and again while it cannot answer: a resolve that nobody follows leaves its job waiting. */
  const note = (taskId: TaskId, jobIds: readonly JobId[]): void => {
    const noted = deps
      .kindOf(taskId)
      .then((kind) => {
        if (kind === 'resolve') for (const jobId of jobIds) follow(jobId);
      })
      .catch((error: unknown) => {
        for (const jobId of jobIds) deps.onError(jobId, error);
        if (unsubscribe !== undefined) deps.clock.after(RETRY_MS, () => unsubscribe !== undefined && note(taskId, jobIds));
      })
      .finally(() => inFlight.delete(noted));
    inFlight.add(noted);
  };

  return {
    async start() {
      unsubscribe = deps.store.subscribe(onEvent);
      for (const { jobId, counts } of await deps.store.runningJobs()) if (counts.waiting > 0) follow(jobId);
    },
    look: follow,
    async stop() {
      unsubscribe?.();
      unsubscribe = undefined;
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
  };
}

async function linkJob({ store, clock, link, onLinked }: FollowUpDeps, jobId: JobId): Promise<void> {
  const job = await store.job(jobId);
  if (job === undefined || job.state !== 'running') return;
  const [tasks, agents] = await Promise.all([store.tasksOf(jobId), store.agents()]);
  const linked = link({ job, tasks, agents });
  if (linked.links.length === 0) return;
  await store.addTasks({ now: clock.now(), principal: SYSTEM_PRINCIPAL, jobId, ...linked });
  onLinked(jobId, linked.tasks.length);
}

/** Ends what an error that would come again keeps from being linked. Throws any other error as it came. */
async function endJob({ store, clock, onError }: FollowUpDeps, jobId: JobId, error: unknown): Promise<void> {
  if (!isFinal(error)) throw error;
  onError(jobId, error);
  const ended = endUnlinked(await store.tasksOf(jobId), error);
  if (ended.links.length > 0) await store.addTasks({ now: clock.now(), principal: SYSTEM_PRINCIPAL, jobId, ...ended });
}

/** A mistake of Grove's own, `internal`, says nothing about the job: it may be gone with the next version. */
function isFinal(error: unknown): error is GroveError {
  return error instanceof GroveError && !error.spec.retryable && error.code !== 'internal';
}
