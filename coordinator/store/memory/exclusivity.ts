import type { AgentId, HostId, TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { MAX_REMEMBERED_TURNS, SHARED_LEASES_PER_HOST } from '../order.ts';
import { takesWork } from './agents.ts';
import { watch } from './deadlines.ts';
import { servingDevice } from './routing.ts';
import { type HostLease, hostOf, putHost, putTask, type State, type StoredHost, taskOf } from './state.ts';

/**
 * What a host has room for.
 *
 * - `free`: no lease; anything, or only exclusive work while it is reserved.
 * - `shared`: some shared leases, room for more.
 * - `full`: nothing, whoever asks.
 */
export type Room = 'free' | 'shared' | 'full';

export function roomOf(host: StoredHost): Room {
  if (host.leases.length === 0) return 'free';
  if (host.leases.some((lease) => lease.exclusivity === 'exclusive')) return 'full';
  return host.leases.length < SHARED_LEASES_PER_HOST ? 'shared' : 'full';
}

/** Counts a lease on its host and gives its submitter the host's turn. */
export function occupy(state: State, hostId: HostId, lease: HostLease & { readonly submitter: string }): void {
  const { submitter, ...hostLease } = lease;
  // Whoever had reserved the host has been outranked or is this very task: it may now wait for another host.
  releaseReservation(state, hostId);
  const host = hostOf(state, hostId);
  const others = host.served.filter((other) => other !== submitter);
  const served = [...others.slice(1 - MAX_REMEMBERED_TURNS), submitter];
  putHost(state, { ...host, served, leases: [...host.leases, hostLease] });
  if (roomOf(hostOf(state, hostId)) === 'full') state.effects.freed.delete(hostId);
}

/** The turn in which a host last served a submitter, by the order of turns it remembers; 0 = never. */
export function lastTurn(host: StoredHost, submitter: string): number {
  return host.served.indexOf(submitter) + 1;
}

/** Which lease on which host. */
export interface Occupation {
  readonly hostId: HostId;
  readonly taskId: TaskId;
  readonly attempt: number;
}

/** Ends a lease on its host. No-op when it has ended. */
export function vacate(state: State, { hostId, taskId, attempt }: Occupation): void {
  const host = hostOf(state, hostId);
  const leases = host.leases.filter((lease) => lease.taskId !== taskId || lease.attempt !== attempt);
  if (leases.length === host.leases.length) return;
  putHost(state, { ...host, leases });
  state.effects.freed.add(hostId);
}

/** The attempt has ended but its agent, out of reach, may still be at work: the host stays taken until the lease would have ended. */
export function hold(state: State, { hostId, taskId, attempt }: Occupation, until: EpochMs): void {
  const host = hostOf(state, hostId);
  const leases = host.leases.map((lease) =>
    lease.taskId === taskId && lease.attempt === attempt ? { ...lease, heldUntil: until } : lease,
  );
  putHost(state, { ...host, leases });
  watch(state, { kind: 'host', hostId, taskId, attempt }, until);
}

/** Leases of an agent that have ended but still hold its host. */
export function holdsOf(state: State, hostId: HostId, agentId: AgentId): readonly HostLease[] {
  return hostOf(state, hostId).leases.filter((lease) => lease.agentId === agentId && lease.heldUntil !== null);
}

/**
 * Keeps shared work off a host until it is quiet enough for a blocked exclusive task. A host has one reservation and a task one host: an older one on
 * either side is given up.
 */
export function reserve(state: State, hostId: HostId, taskId: TaskId): void {
  const { reservedFor } = hostOf(state, hostId);
  if (reservedFor === taskId) return;
  if (reservedFor !== null) releaseReservation(state, hostId);
  const { reservedHost } = taskOf(state, taskId);
  if (reservedHost !== null) releaseReservation(state, reservedHost);
  putHost(state, { ...hostOf(state, hostId), reservedFor: taskId });
  putTask(state, { ...taskOf(state, taskId), reservedHost: hostId });
}

export function releaseReservation(state: State, hostId: HostId): void {
  const host = hostOf(state, hostId);
  if (host.reservedFor === null) return;
  putTask(state, { ...taskOf(state, host.reservedFor), reservedHost: null });
  putHost(state, { ...host, reservedFor: null });
  state.effects.freed.add(hostId);
}

/** Gives up a host's reservation when no agent there could serve the task any more: lost, not ready, or changed devices. */
export function reviewReservation(state: State, hostId: HostId): void {
  const host = hostOf(state, hostId);
  if (host.reservedFor === null) return;
  const { record } = taskOf(state, host.reservedFor);
  const served = host.agentIds.some((agentId) => {
    const agent = state.agents.get(agentId)?.record;
    return agent !== undefined && takesWork(agent) && servingDevice(state, agent, record) !== undefined;
  });
  if (!served) releaseReservation(state, hostId);
}
