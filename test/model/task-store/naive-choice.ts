import { SHARED_LEASES_PER_HOST } from '../../../coordinator/store/order.ts';
import { exceedsQuota, type NaiveLeases } from './naive-quotas.ts';
import { byPlace, compareHeads, deviceFor, firstOfLanes, found, isExclusive, type NaiveAgent, type NaiveTask } from './naive-records.ts';

interface NaiveHosts extends NaiveLeases {
  readonly reservations: Map<string, string>;
  readonly served: ReadonlyMap<string, readonly string[]>;
}

/** The task this agent's host should run now, if any; a reservation may be made on the way. */
export function chooseFor(farm: NaiveHosts, agent: NaiveAgent, now: number): NaiveTask | undefined {
  const { hostId } = agent.hello.host;
  const busy = farm.tasks.filter(
    (task) => (task.state === 'leased' || task.state === 'running') && found(task.attempts.at(-1)).hostId === hostId,
  );
  const held = farm.holds
    .filter((hold) => hold.hostId === hostId)
    .map(({ taskId }) => found(farm.tasks.find((task) => task.taskId === taskId)));
  const there = [...busy, ...held];
  if (there.some(isExclusive) || there.length >= SHARED_LEASES_PER_HOST) return undefined;
  const reservedId = farm.reservations.get(hostId);
  const heads = headsFor(farm, agent, now).filter((task) => deviceFor(agent, task) !== undefined || task.taskId === reservedId);
  const elsewhere = [...farm.reservations].filter(([other]) => other !== hostId).map(([, taskId]) => taskId);
  const open = heads.filter((task) => {
    if (reservedId !== undefined && !isExclusive(task)) return false;
    return there.length === 0 || !isExclusive(task) || !elsewhere.includes(task.taskId);
  });
  const reserved = farm.tasks.filter(({ taskId }) => taskId === reservedId);
  const [best] = [...new Set([...open, ...reserved])].sort((a, b) => compareHeads(a, b, { turns: farm.served.get(hostId) ?? [], now }));
  if (best === undefined) return undefined;
  if (there.length > 0 && isExclusive(best)) {
    farm.reservations.set(hostId, best.taskId);
    return undefined;
  }
  return deviceFor(agent, best) === undefined ? undefined : best;
}

/**
 * First of every queue and priority for an agent that asks, without tasks that a quota holds back, those that avoid its host, and those that lie behind
 * eight others of their submitter.
 */
function headsFor(farm: NaiveLeases, agent: NaiveAgent, now: number): readonly NaiveTask[] {
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
