import type { AgentId, JobId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import type { AgentRecord, JobRecord, QueueSummary, StoreEvent, TaskPage, TaskRecord, TaskStore } from '../task-store.ts';
import { viewOf } from './jobs.ts';
import { oldest, positionOf } from './queue.ts';
import type { State } from './state.ts';

/** Newest first, after `before` when given. An unknown `before` gives nothing. */
export function jobsPage(state: State, { limit, before }: Parameters<TaskStore['jobs']>[0]): readonly JobRecord[] {
  const end = before === undefined ? state.jobOrder.length : (state.jobs.get(before)?.ordinal ?? 0);
  const jobIds = state.jobOrder.slice(Math.max(0, end - limit), end).reverse();
  return jobIds.flatMap((jobId) => state.jobs.get(jobId)?.record ?? []);
}

/** Oldest first. */
export function runningJobs(state: State): readonly JobRecord[] {
  const jobs = [...state.running].flatMap((jobId) => state.jobs.get(jobId) ?? []);
  return jobs.sort((a, b) => a.ordinal - b.ordinal).map(({ record }) => record);
}

/** By the end of their following, then by id. */
export function followingJobs(state: State, now: EpochMs): readonly JobRecord[] {
  const records = [...state.following].flatMap((jobId) => state.jobs.get(jobId)?.record ?? []);
  const until = ({ followsUntil }: JobRecord) => followsUntil ?? 0;
  return records.filter((job) => until(job) > now).sort((a, b) => until(a) - until(b) || (a.jobId < b.jobId ? -1 : 1));
}

/** A job's tasks as the job sees them, in the order they were added; all of them without a page. */
export function tasksOfJob(state: State, jobId: JobId, page?: TaskPage): readonly TaskRecord[] {
  const job = state.jobs.get(jobId);
  if (job === undefined) return [];
  const { offset, limit, states } = page ?? { offset: 0, limit: Number.POSITIVE_INFINITY };
  const views = (taskIds: readonly TaskId[]) => taskIds.flatMap((taskId) => viewOf(state, job, taskId) ?? []);
  if (states === undefined) return views(job.record.taskIds.slice(offset, offset + limit));
  return views(job.record.taskIds)
    .filter((task) => states.includes(task.state))
    .slice(offset, offset + limit);
}

export function allAgents(state: State): readonly AgentRecord[] {
  return [...state.agents.values()].map(({ record }) => record);
}

export function agentRecord(state: State, agentId: AgentId): AgentRecord | undefined {
  return state.agents.get(agentId)?.record;
}

export function queueSummaries(state: State): readonly QueueSummary[] {
  return [...state.queues.values()].flatMap((queue) => {
    const { requirementDigest, requirement, pending, lanes } = queue;
    const first = oldest(queue);
    const pendingBy = { urgent: lanes.urgent.entries.size, interactive: lanes.interactive.entries.size, sweep: lanes.sweep.entries.size };
    const oldestEnqueuedAt = first?.enqueuedAt ?? 0;
    return first === undefined ? [] : [{ requirementDigest, requirement, pending: pending.size, pendingBy, oldestEnqueuedAt }];
  });
}

export function positionInQueue(state: State, taskId: TaskId): number | undefined {
  const task = state.tasks.get(taskId);
  if (task?.record.state !== 'pending' || task.entry === null) return undefined;
  const queue = state.queues.get(task.record.requirementDigest);
  return queue === undefined ? undefined : positionOf(queue, task.entry);
}

export function benchmarkTasks(state: State, page?: Pick<TaskPage, 'offset' | 'limit'>): readonly TaskRecord[] {
  const all = [...state.benchmarks];
  const wanted = page === undefined ? all : all.slice(page.offset, page.offset + page.limit);
  return wanted.flatMap((taskId) => state.tasks.get(taskId)?.record ?? []);
}

/** Events after `afterSequence`, up to the last durable one. Their numbers have no gaps, so the first is found without searching. */
export function eventsAfter(
  state: State,
  range: { readonly afterSequence: number; readonly durableSequence: number; readonly limit: number },
): readonly StoreEvent[] {
  const { afterSequence, durableSequence, limit } = range;
  const firstSequence = state.events[0]?.sequence ?? 1;
  const from = Math.max(0, afterSequence + 1 - firstSequence);
  const to = Math.max(from, Math.min(from + limit, durableSequence + 1 - firstSequence));
  return state.events.slice(from, to);
}
