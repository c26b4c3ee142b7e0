import { exceedsQuota, type NaiveLeases } from './naive-quotas.ts';
import { byPlace, firstOfLanes, type NaiveAgent, type NaiveTask } from './naive-records.ts';

/**
 * First of every queue and priority for an agent that asks, without tasks that a quota holds back, those that avoid its host, and those that lie behind
 * eight others of their submitter.
 */
export function headsFor(farm: NaiveLeases, agent: NaiveAgent, now: number): readonly NaiveTask[] {
  const allowed = farm.tasks.filter((task) => task.state === 'pending' && !exceedsQuota(farm, task, agent));
  const open = allowed.filter((task) => !avoids(task, agent, now) && countBefore(task, lineOf(task, allowed)) < 8);
  return firstOfLanes(open);
}

function avoids({ avoid }: NaiveTask, { hello }: NaiveAgent, now: number): boolean {
  return avoid !== null && avoid.hostId === hello.host.hostId && avoid.until > now;
}

function lineOf({ origin, priority, submitter }: NaiveTask, tasks: readonly NaiveTask[]): readonly NaiveTask[] {
  const inLane = tasks.filter((other) => other.origin.requirementDigest === origin.requirementDigest && other.priority === priority);
  return inLane.filter((other) => other.submitter === submitter);
}

function countBefore(task: NaiveTask, others: readonly NaiveTask[]): number {
  return others.filter((other) => byPlace(other, task) < 0).length;
}
