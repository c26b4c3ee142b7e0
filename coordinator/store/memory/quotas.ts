import type { TaskId } from '../../../domain/names.ts';
import { leaseKeys, limitsFor } from '../../../domain/policy.ts';
import type { AgentRecord } from '../task-store.ts';
import { putTask, type State, taskOf } from './state.ts';

/** Pool of an agent's device: its label `pool`. */
export function poolOf(agent: AgentRecord, deviceName: string): string | null {
  return agent.devices.find(({ name }) => name === deviceName)?.profile.labels['pool'] ?? null;
}

/** Whether one more lease of this submitter there would exceed a quota. */
export function exceedsQuota(state: State, submitter: string, pool: string | null): boolean {
  return limitsFor(state.policy, submitter, pool).some(({ key, max }) => (state.leaseCounts.get(key) ?? 0) >= max);
}

/** Counts the lease of a task that is leased now. */
export function holdQuota(state: State, taskId: TaskId, pool: string | null): void {
  const task = putTask(state, { ...taskOf(state, taskId), pool });
  for (const key of leaseKeys(task.record.submitter, pool)) state.leaseCounts.set(key, (state.leaseCounts.get(key) ?? 0) + 1);
}

/** Gives back what {@link holdQuota} took, and says so when somebody may have waited for it. */
export function releaseQuota(state: State, taskId: TaskId): void {
  const task = taskOf(state, taskId);
  const { submitter } = task.record;
  if (exceedsQuota(state, submitter, task.pool)) state.effects.quotaFree = true;
  for (const key of leaseKeys(submitter, task.pool)) {
    const left = (state.leaseCounts.get(key) ?? 0) - 1;
    if (left > 0) state.leaseCounts.set(key, left);
    else state.leaseCounts.delete(key);
  }
  putTask(state, { ...task, pool: null });
}
