import { isEnd } from '../../domain/task-state.ts';
import type { History, HistoryEntry } from './history.ts';

type EntryOf<Type extends HistoryEntry['type']> = Extract<HistoryEntry, { readonly type: Type }>;
type FinalTask = History['final'][string][number]['tasks'][number];

/**
 * Judges a recorded run. Returns one sentence per broken promise; none when every accepted job ended exactly once, no acknowledged result is missing, and
 * none is counted twice. Pure.
 */
export function checkHistory(history: History): readonly string[] {
  return [
    ...acceptedJobs(history),
    ...agreement(history),
    ...endings(history),
    ...attempts(history),
    ...acknowledged(history),
    ...assignments(history),
    ...events(history),
  ];
}

function entriesOf<Type extends HistoryEntry['type']>({ entries }: History, type: Type): readonly EntryOf<Type>[] {
  return entries.filter((entry): entry is EntryOf<Type> => entry.type === type);
}

function finalTasks({ final }: History): ReadonlyMap<string, FinalTask> {
  const [jobs = []] = Object.values(final);
  return new Map(jobs.flatMap(({ tasks }) => tasks.map((task) => [task.taskId, task] as const)));
}

/** Accepted means kept; one key is one job. */
function acceptedJobs(history: History): readonly string[] {
  const accepted = entriesOf(history, 'accepted');
  const byKey = groupBy(accepted, ({ key }) => key);
  const split = [...byKey].filter(([, answers]) => new Set(answers.map(({ jobId }) => jobId)).size > 1);
  const lost = Object.entries(history.final).flatMap(([coordinator, jobs]) => {
    const known = new Set(jobs.map(({ jobId }) => jobId));
    const missing = new Set(accepted.map(({ jobId }) => jobId).filter((jobId) => !known.has(jobId)));
    return [...missing].map((jobId) => `job ${jobId} was accepted, and ${coordinator} does not know it`);
  });
  return [...split.map(([key]) => `the submit ${key} was answered with several jobs`), ...lost];
}

/** Coordinators of one farm show one truth. */
function agreement({ final }: History): readonly string[] {
  const [first, ...others] = Object.entries(final).map(([coordinator, jobs]) => [coordinator, JSON.stringify(jobs)] as const);
  return others.filter(([, jobs]) => jobs !== first?.[1]).map(([coordinator]) => `${coordinator} shows other jobs than ${first?.[0]}`);
}

function endings({ final }: History): readonly string[] {
  return Object.values(final)
    .slice(0, 1)
    .flat()
    .flatMap(({ jobId, state, tasks }) => [
      ...(state === 'running' ? [`job ${jobId} has not ended`] : []),
      ...tasks.filter((task) => !isEnd(task.state)).map((task) => `task ${task.taskId} has not ended: it is ${task.state}`),
    ]);
}

/** At most one attempt of a task counts, and it decides the task's state. */
function attempts(history: History): readonly string[] {
  return [...finalTasks(history).values()].flatMap(({ taskId, state, attempts: all }) => {
    const counted = all.filter(({ ended }) => ended?.state === 'completed').length;
    const open = all.filter(({ ended }) => ended === null).length;
    return [
      ...(counted > 1 ? [`task ${taskId} counts ${counted} results`] : []),
      ...(state === 'completed' && counted === 0 ? [`task ${taskId} is completed without a result`] : []),
      ...(state !== 'completed' && counted > 0 ? [`task ${taskId} is ${state} although a result was recorded`] : []),
      ...(isEnd(state) && open > 0 ? [`task ${taskId} has ended with an attempt that has not`] : []),
    ];
  });
}

/** A result that was answered as recorded is there, and was answered so once. */
function acknowledged(history: History): readonly string[] {
  const tasks = finalTasks(history);
  const recorded = groupBy(
    entriesOf(history, 'result-answered').filter((answer) => answer.recorded),
    ({ taskId, attempt }) => `${taskId} attempt ${attempt}`,
  );
  return [...recorded].flatMap(([name, answers]) => {
    const [{ taskId, attempt } = { taskId: '', attempt: 0 }] = answers;
    const stored = tasks.get(taskId)?.attempts.find((one) => one.attempt === attempt);
    return [
      ...(answers.length > 1 ? [`the result of ${name} was recorded ${answers.length} times`] : []),
      ...(tasks.has(taskId) && stored?.ended?.state !== 'completed' ? [`the result of ${name} was acknowledged and is lost`] : []),
    ];
  });
}

/** A lease belongs to one agent. */
function assignments(history: History): readonly string[] {
  const byLease = groupBy(entriesOf(history, 'assigned'), ({ taskId, attempt }) => `${taskId} attempt ${attempt}`);
  return [...byLease].flatMap(([name, all]) =>
    new Set(all.map(({ agentId, token }) => `${agentId} ${token}`)).size > 1 ? [`${name} was leased to several agents`] : [],
  );
}

/** One number is one event, whoever tells it; streams go forward; a task and a job end once. */
function events(history: History): readonly string[] {
  const told = entriesOf(history, 'event');
  return [...contradictions(told), ...stepsBack(told), ...repeatedEndings(told)];
}

function contradictions(told: readonly EntryOf<'event'>[]): readonly string[] {
  const texts = new Map<number, string>();
  return told.flatMap(({ event }) => {
    if (event.type === 'progress' || event.type === 'reset') return [];
    const text = JSON.stringify(event);
    const earlier = texts.get(event.sequence) ?? text;
    texts.set(event.sequence, earlier);
    return earlier === text ? [] : [`event ${event.sequence} was told in two ways`];
  });
}

function stepsBack(told: readonly EntryOf<'event'>[]): readonly string[] {
  const last = new Map<string, number>();
  return told.flatMap(({ coordinator, event }) => {
    if (event.type === 'progress' || event.type === 'reset') return [];
    const before = last.get(coordinator) ?? -1;
    last.set(coordinator, event.sequence);
    return event.sequence > before ? [] : [`the stream of ${coordinator} went back from ${before} to ${event.sequence}`];
  });
}

/** A conversion that ended badly may run again for a later job; a benchmark belongs to one job and ends once. */
function repeatedEndings(told: readonly EntryOf<'event'>[]): readonly string[] {
  const ends = new Map<string, Set<number>>();
  for (const { event } of told) {
    const name = endOf(event);
    if (name !== undefined && 'sequence' in event) ends.set(name, (ends.get(name) ?? new Set()).add(event.sequence));
  }
  return [...ends].flatMap(([name, sequences]) => (sequences.size > 1 ? [`${name} ended ${sequences.size} times`] : []));
}

function endOf(event: EntryOf<'event'>['event']): string | undefined {
  if (event.type === 'job' && event.state !== 'running') return `job ${event.jobId}`;
  if (event.type === 'task' && isEnd(event.state) && !event.taskId.startsWith('c-')) return `task ${event.taskId}`;
  return undefined;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
