import type { TaskStore } from '../../../coordinator/store/task-store.ts';
import { SILENCE_MS } from '../../../domain/constants.ts';
import type { Action, AgentName } from './world.ts';

const NAMES: readonly AgentName[] = ['a', 'b', 'c'];

/** Longer than any priority takes to count as urgent. */
const AGED_MS = 3_900_001;

/** From now on every agent works, nobody is held back, and nothing is in the air. After a silence, so that no clone is in the way. */
export const EVERYBODY_WORKS: readonly Action[] = [
  { type: 'pass', durationMs: SILENCE_MS },
  { type: 'policy', policy: { weights: {}, quotas: { submitters: {}, pools: {} } } },
  ...NAMES.map((agent): Action => ({ type: 'hello', agent, report: 'none', clone: false })),
  ...NAMES.map((agent): Action => ({ type: 'mark', agent, kind: null, forMs: null })),
];

const FLOOD = { benchmarks: NAMES.length, conversion: null, resolve: false, unit: null, maxAttempts: 1, unsupported: false } as const;

/** As much urgent work of somebody else as the farm can do, then every agent does one task. */
export const ROUND: readonly Action[] = [
  { type: 'pass', durationMs: AGED_MS },
  { type: 'submit', shape: FLOOD, priority: 'urgent', submitter: 'eve' },
  ...NAMES.flatMap((agent): Action[] => [
    { type: 'acquire', agent, stale: false, again: false },
    { type: 'complete', pick: 0, outcome: 'completed', forged: false },
  ]),
];

/** Tasks that may start now, with the attempts they have had. */
export async function startable(store: TaskStore): Promise<ReadonlyMap<string, number>> {
  const jobs = await store.jobs({ limit: 1_000 });
  const tasks = (await Promise.all(jobs.map(({ jobId }) => store.tasksOf(jobId)))).flat();
  return new Map(tasks.flatMap(({ taskId, state, attempts }) => (state === 'pending' ? [[taskId, attempts.length] as const] : [])));
}

/** Those of them that have not started since. */
export async function stillWaiting(store: TaskStore, begun: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const waiting = await startable(store);
  return [...begun].flatMap(([taskId, attempts]) => (waiting.get(taskId) === attempts ? [taskId] : []));
}

/**
 * Rounds within which so many tasks have started: in each of them a host gives every submitter with a task for it a turn, and there are three.
 */
export function roundsFor(tasks: number): number {
  return 3 * tasks + 3;
}
