import type { TaskId } from '../../../domain/names.ts';
import type { EpochMs } from '../../../domain/ports.ts';
import { agedClass, compareHeads, type HeadRank } from '../order.ts';
import type { AgentRecord } from '../task-store.ts';
import { lastTurn, releaseReservation, reviewReservation, roomOf } from './exclusivity.ts';
import { type Entry, heads } from './queue.ts';
import { exceedsQuota, poolOf } from './quotas.ts';
import { routesOf, servingDevice } from './routing.ts';
import { hostOf, type State, type StoredHost, taskOf } from './state.ts';

/** What an agent's host should do next. */
export type Choice =
  | { readonly kind: 'lease'; readonly taskId: TaskId; readonly deviceName: string }
  /** The best task needs a quiet host and this one is not: let no shared work in until it is. */
  | { readonly kind: 'reserve'; readonly taskId: TaskId };

interface Candidate extends HeadRank {
  readonly taskId: TaskId;
  readonly exclusive: boolean;
  /** Undefined for a task that another agent of the host serves. */
  readonly deviceName: string | undefined;
}

/** Picks among the heads of all lanes that the agent matches. Its cost grows with the number of queues it matches, not with their depth. */
export function choose(state: State, agent: AgentRecord, now: EpochMs): Choice | undefined {
  const { hostId } = agent.host;
  const room = roomOf(hostOf(state, hostId));
  if (room === 'full') return undefined;
  reviewReservation(state, hostId);
  giveUpExceeding(state, agent);
  const host = hostOf(state, hostId);
  const candidates = candidatesFor(state, agent, { host, now });
  return room === 'free' ? chooseForFreeHost(host, candidates) : chooseForBusyHost(state, host, candidates);
}

/** A host does not wait for a task that a quota holds back. */
function giveUpExceeding(state: State, agent: AgentRecord): void {
  const { reservedFor } = hostOf(state, agent.host.hostId);
  if (reservedFor === null) return;
  const { record } = taskOf(state, reservedFor);
  const deviceName = servingDevice(state, agent, record);
  if (deviceName === undefined || !exceedsQuota(state, record.submitter, poolOf(agent, deviceName))) return;
  releaseReservation(state, agent.host.hostId);
}

function chooseForFreeHost({ reservedFor }: StoredHost, candidates: readonly Candidate[]): Choice | undefined {
  const best = first(reservedFor === null ? candidates : candidates.filter(({ exclusive }) => exclusive));
  if (best?.deviceName === undefined) return undefined;
  return { kind: 'lease', taskId: best.taskId, deviceName: best.deviceName };
}

function chooseForBusyHost(state: State, host: StoredHost, candidates: readonly Candidate[]): Choice | undefined {
  const here = candidates.filter(({ exclusive, taskId }) => !exclusive || isFreeToReserve(state, host, taskId));
  const best = first(host.reservedFor === null ? here : here.filter(({ exclusive }) => exclusive));
  if (best === undefined || best.taskId === host.reservedFor) return undefined;
  if (best.exclusive) return { kind: 'reserve', taskId: best.taskId };
  return best.deviceName === undefined ? undefined : { kind: 'lease', taskId: best.taskId, deviceName: best.deviceName };
}

/** A task that waits for another host to fall quiet does not block this one too. */
function isFreeToReserve(state: State, { hostId }: StoredHost, taskId: TaskId): boolean {
  const { reservedHost } = taskOf(state, taskId);
  return reservedHost === null || reservedHost === hostId;
}

function first(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, one) => (best === undefined || compareHeads(one, best) < 0 ? one : best),
    undefined,
  );
}

interface Place {
  readonly host: StoredHost;
  readonly now: EpochMs;
}

function candidatesFor(state: State, agent: AgentRecord, { host, now }: Place): readonly Candidate[] {
  const candidates: Candidate[] = [];
  for (const { queue, deviceName } of routesOf(state, agent)) {
    const exclusive = queue.requirement.exclusivity === 'exclusive';
    const pool = poolOf(agent, deviceName);
    const admits = {
      submitter: (name: string) => !exceedsQuota(state, name, pool),
      task: (taskId: TaskId) => !avoids(state, taskId, { host, now }),
    };
    for (const entry of heads(queue, admits)) candidates.push({ ...rankOf(host, entry, now), taskId: entry.taskId, exclusive, deviceName });
  }
  if (host.reservedFor !== null) candidates.push(reservedCandidate(state, agent, { host, now, taskId: host.reservedFor }));
  return candidates;
}

function avoids(state: State, taskId: TaskId, { host, now }: Place): boolean {
  const { avoid } = taskOf(state, taskId).record;
  return avoid !== null && avoid.hostId === host.hostId && avoid.until > now;
}

/** The task a host is reserved for need not be the head of its lane any more. */
function reservedCandidate(state: State, agent: AgentRecord, { host, now, taskId }: Place & { readonly taskId: TaskId }): Candidate {
  const { entry, record } = taskOf(state, taskId);
  if (entry === null) throw new Error(`reserved task ${taskId} has no place`);
  return { ...rankOf(host, entry, now), taskId, exclusive: true, deviceName: servingDevice(state, agent, record) };
}

function rankOf(host: StoredHost, entry: Entry, now: EpochMs): HeadRank {
  return { agedClass: agedClass(entry, now), lastTurn: lastTurn(host, entry.submitter), sequence: entry.sequence };
}
