import { SHARED_LEASES_PER_HOST } from '../../../coordinator/store/order.ts';
import type { SchedulingPolicy } from '../../../domain/policy.ts';
import { deviceFor, isExclusive, type NaiveAgent, type NaiveHold, type NaiveTask } from './naive-records.ts';

export interface NaiveLeases {
  readonly tasks: readonly NaiveTask[];
  readonly agents: readonly NaiveAgent[];
  readonly holds: readonly NaiveHold[];
  readonly policy: SchedulingPolicy;
}

function poolOf({ hello }: NaiveAgent, deviceName: string | undefined): string | undefined {
  return hello.devices.find(({ name }) => name === deviceName)?.profile.labels['pool'];
}

/** Pool and submitter of every lease in force. An agent keeps its pool in this small world. */
function leasesOf({ tasks, agents }: NaiveLeases) {
  const live = tasks.filter(({ state }) => state === 'leased' || state === 'running');
  return live.map(({ submitter, attempts }) => {
    const last = attempts.at(-1);
    const agent = agents.find(({ hello }) => hello.agentId === last?.agentId);
    return { submitter, pool: agent === undefined ? undefined : poolOf(agent, last?.deviceName) };
  });
}

/** Whether one more lease of the task's submitter on the device that this agent would use is more than the policy allows. */
export function exceedsQuota(farm: NaiveLeases, task: NaiveTask, agent: NaiveAgent): boolean {
  const deviceName = deviceFor(agent, task);
  if (deviceName === undefined) return false;
  const { quotas } = farm.policy;
  const pool = poolOf(agent, deviceName);
  const leases = leasesOf(farm);
  const mine = leases.filter(({ submitter }) => submitter === task.submitter);
  const isThere = (lease: { readonly pool: string | undefined }) => lease.pool === pool;
  const ofPool = pool === undefined ? undefined : quotas.pools[pool];
  const own = quotas.submitters[task.submitter] ?? quotas.perSubmitter;
  return (
    (own !== undefined && mine.length >= own) ||
    (ofPool?.total !== undefined && leases.filter(isThere).length >= ofPool.total) ||
    (ofPool?.perSubmitter !== undefined && mine.filter(isThere).length >= ofPool.perSubmitter)
  );
}

/** Whether a host takes nothing more, whoever asks. */
function isHostFull({ tasks, holds }: NaiveLeases, hostId: string): boolean {
  const busy = tasks.filter(({ state, attempts }) => (state === 'leased' || state === 'running') && attempts.at(-1)?.hostId === hostId);
  const held = holds.filter((hold) => hold.hostId === hostId).flatMap(({ taskId }) => tasks.find((task) => task.taskId === taskId) ?? []);
  const there = [...busy, ...held];
  return there.some(isExclusive) || there.length >= SHARED_LEASES_PER_HOST;
}

/** Whether an agent's host has room, but waits for a task that a quota holds back from this agent. */
export function holdsExceeding(farm: NaiveLeases & { readonly reservations: ReadonlyMap<string, string> }, agent: NaiveAgent): boolean {
  const { hostId } = agent.hello.host;
  const reserved = farm.tasks.find(({ taskId }) => taskId === farm.reservations.get(hostId));
  return reserved !== undefined && !isHostFull(farm, hostId) && exceedsQuota(farm, reserved, agent);
}

/** Leases by the keys of `leaseKeys`. */
export function leaseCountsOf(farm: NaiveLeases): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { submitter, pool } of leasesOf(farm)) {
    const keys = pool === undefined ? [`s ${submitter}`] : [`s ${submitter}`, `p ${pool}`, `b ${submitter} ${pool}`];
    for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
