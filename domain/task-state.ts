import { z } from 'zod';
import { GroveError } from './errors.ts';

/**
 * The life of a task. This file is the one gate: stores call {@link assertTransition} (Redis checks the same table) and nothing else writes a state.
 *
 * ```
 *   waiting ──needs met──> pending ──acquire──> leased ──accept──> running ──> completed
 *      │                     ^  ^ │                │ │                │  ├───> failed      recipe's or model's fault: never retried
 *      │                     │  │ │                │ │                │  └───> exception   retries spent
 *      │                     │  └─┼──not accepted──┘ │                │
 *      │                     └────┼──attempt lost, retries left───────┘
 *      │                          │                  │
 *      └──> failed (a need ended  └────> failed      └──> failed, completed: a resent result of an attempt
 *           badly, unsupported)          (unsupported)      whose acceptance was lost
 *   any state that is not an end ──cancel──> cancelled
 * ```
 */
export const taskStateSchema = z.enum(['waiting', 'pending', 'leased', 'running', 'completed', 'failed', 'exception', 'cancelled']);
export type TaskState = z.infer<typeof taskStateSchema>;

const ALLOWED: Readonly<Record<TaskState, readonly TaskState[]>> = {
  waiting: ['pending', 'failed', 'exception', 'cancelled'],
  pending: ['leased', 'failed', 'exception', 'cancelled'],
  leased: ['running', 'pending', 'completed', 'failed', 'exception', 'cancelled'],
  running: ['pending', 'completed', 'failed', 'exception', 'cancelled'],
  completed: [],
  failed: [],
  exception: [],
  cancelled: [],
};

export function isEnd(state: TaskState): boolean {
  return ALLOWED[state].length === 0;
}

function mayTransition(from: TaskState, to: TaskState): boolean {
  return ALLOWED[from].includes(to);
}

/** Throws `illegal-transition` unless the table allows it. */
export function assertTransition(taskId: string, from: TaskState, to: TaskState): void {
  if (!mayTransition(from, to)) throw new GroveError('illegal-transition', { taskId, from, to });
}
