import type { Device } from '../../domain/device.ts';
import type { AgentId, HostId, SessionId } from '../../domain/names.ts';
import { type Requirement, refusals } from '../../domain/requirement.ts';
import type { Assignment } from '../../domain/task.ts';

/** An agent whose current session this coordinator holds. */
export interface LocalSession {
  readonly agentId: AgentId;
  readonly sessionId: SessionId;
  readonly hostId: HostId;
  readonly devices: readonly Device[];
  /** Profile digest per device name. */
  readonly profileDigests: Readonly<Record<string, string>>;
  /** Hands an assignment to the agent. False when the stream is gone. */
  assign(assignment: Assignment): boolean;
}

interface Member {
  readonly session: LocalSession;
  ready: boolean;
}

interface HostView {
  exclusive: number;
  shared: number;
  /** An acquire for one of its agents is under way, or the store refused the host although it looks free. */
  closed: 'acquiring' | 'blocked' | null;
  readonly members: Set<Member>;
}

/**
 * Agents with a device of one profile: those that look able to take a task of an exclusivity now, and those that would if the store had not refused their
 * host.
 */
interface ProfileGroup {
  readonly device: Device;
  readonly free: Readonly<Record<Exclusivity, Set<Member>>>;
  readonly blocked: Readonly<Record<Exclusivity, Set<Member>>>;
}

/** One agent of those that answer a question of the store alike, because their devices are equal and their hosts as free. */
export interface Representative {
  /** Names those it stands for. */
  readonly kind: string;
  readonly session: LocalSession;
}

type Need = { readonly requirement: Requirement; readonly requirementDigest: string };
export type Exclusivity = Requirement['exclusivity'];

/** Remembered match answers; all are forgotten when there are more, since requirements of old jobs never come back. */
const MAX_MATCHES = 50_000;

/**
 * What this coordinator believes about its own agents, arranged so that one agent for a requirement is found without looking at the others: agents
 * are grouped by device profile, equal machines answer a requirement alike, and the first free member of a matching group is the candidate. A wrong
 * belief costs a useless acquire, never a wrong lease: the store decides.
 */
export class FleetView {
  readonly #members = new Map<AgentId, Member>();
  readonly #hosts = new Map<HostId, HostView>();
  readonly #groups = new Map<string, ProfileGroup>();
  readonly #units = new Map<string, Member>();
  readonly #matches = new Map<string, boolean>();
  /** Hosts that the store has refused. */
  readonly #blocked = new Set<HostId>();
  readonly #sharedPerHost: number;

  /** @param sharedPerHost how many shared leases the store gives to one host. */
  constructor(sharedPerHost: number) {
    this.#sharedPerHost = sharedPerHost;
  }

  add(session: LocalSession, ready: boolean): void {
    this.remove(session.agentId);
    const member: Member = { session, ready };
    this.#members.set(session.agentId, member);
    for (const device of session.devices) {
      this.#units.set(device.name, member);
      const digest = session.profileDigests[device.name];
      if (digest !== undefined && !this.#groups.has(digest)) {
        this.#groups.set(digest, { device, free: noMembers(), blocked: noMembers() });
      }
    }
    const host = this.#hosts.get(session.hostId) ?? { exclusive: 0, shared: 0, closed: null, members: new Set() };
    this.#hosts.set(session.hostId, host);
    host.members.add(member);
    this.#arrange(member);
  }

  /** Forgets an agent; with `sessionId`, only while that session is the one known. */
  remove(agentId: AgentId, sessionId?: SessionId): void {
    const member = this.#members.get(agentId);
    if (member === undefined || (sessionId !== undefined && member.session.sessionId !== sessionId)) return;
    member.ready = false;
    this.#arrange(member);
    this.#members.delete(agentId);
    const { hostId, devices } = member.session;
    const host = this.#hosts.get(hostId);
    host?.members.delete(member);
    if (host?.members.size === 0) {
      this.#hosts.delete(hostId);
      this.#blocked.delete(hostId);
    }
    for (const { name } of devices) if (this.#units.get(name) === member) this.#units.delete(name);
  }

  session(agentId: AgentId): LocalSession | undefined {
    return this.#members.get(agentId)?.session;
  }

  sessionsOnHost(hostId: HostId): readonly LocalSession[] {
    return [...(this.#hosts.get(hostId)?.members ?? [])].map(({ session }) => session);
  }

  /** Returns whether the agent has just become ready. */
  setReady(agentId: AgentId, ready: boolean): boolean {
    const member = this.#members.get(agentId);
    if (member === undefined || member.ready === ready) return false;
    member.ready = ready;
    this.#arrange(member);
    return ready;
  }

  isReady(agentId: AgentId): boolean {
    return this.#members.get(agentId)?.ready === true;
  }

  leased(hostId: HostId, exclusivity: Exclusivity): void {
    this.#change(hostId, (host) => {
      host[exclusivity] += 1;
    });
  }

  released(hostId: HostId, exclusivity: Exclusivity): void {
    this.#change(hostId, (host) => {
      host[exclusivity] = Math.max(0, host[exclusivity] - 1);
      if (host.closed === 'blocked') host.closed = null;
    });
  }

  /** The store says that the host has no lease any more. */
  hostFree(hostId: HostId): void {
    this.#change(hostId, (host) => {
      host.exclusive = 0;
      host.shared = 0;
      if (host.closed === 'blocked') host.closed = null;
    });
  }

  close(hostId: HostId, why: HostView['closed']): void {
    this.#change(hostId, (host) => {
      host.closed = why;
    });
  }

  /** Believes every host again that the store once refused. */
  unblock(): void {
    for (const hostId of [...this.#blocked]) this.close(hostId, null);
  }

  /** Whether the host can take anything at all. */
  hasRoom(hostId: HostId): boolean {
    const host = this.#hosts.get(hostId);
    return host !== undefined && host.exclusive === 0 && host.shared < this.#sharedPerHost;
  }

  /** An agent that should be able to take a task of this requirement now. */
  candidate(need: Need): LocalSession | undefined {
    const { unit, exclusivity } = need.requirement;
    if (unit !== undefined) {
      const member = this.#units.get(unit);
      return member !== undefined && this.#isFree(member, exclusivity) ? member.session : undefined;
    }
    for (const [digest, group] of this.#groups) {
      const [member] = group.free[exclusivity];
      if (member !== undefined && this.#matchesGroup(need, digest, group)) return member.session;
    }
    return undefined;
  }

  /** One agent of each kind that a task of this requirement could go to, also of those whose hosts the store has refused. */
  representatives(need: Need): readonly Representative[] {
    const { unit, exclusivity } = need.requirement;
    if (unit !== undefined) {
      const member = this.#units.get(unit);
      return member !== undefined && this.#hasRoomFor(member, exclusivity) ? [{ kind: unit, session: member.session }] : [];
    }
    return [...this.#groups].flatMap(([digest, group]) => {
      const [blocked] = group.blocked[exclusivity];
      const [member = blocked] = group.free[exclusivity];
      if (member === undefined || !this.#matchesGroup(need, digest, group)) return [];
      return [{ kind: `${exclusivity} ${digest}`, session: member.session }];
    });
  }

  /** Whether the store has refused hosts that look free. */
  get hasBlocked(): boolean {
    return this.#blocked.size > 0;
  }

  #change(hostId: HostId, apply: (host: HostView) => void): void {
    const host = this.#hosts.get(hostId);
    if (host === undefined) return;
    apply(host);
    if (host.closed === 'blocked') this.#blocked.add(hostId);
    else this.#blocked.delete(hostId);
    for (const member of host.members) this.#arrange(member);
  }

  /** Puts a member into, or takes it out of, the free sets of its groups. */
  #arrange(member: Member): void {
    for (const digest of Object.values(member.session.profileDigests)) {
      const group = this.#groups.get(digest);
      if (group === undefined) continue;
      for (const exclusivity of ['exclusive', 'shared'] as const) {
        const isFree = this.#isFree(member, exclusivity);
        put(group.free[exclusivity], member, isFree);
        put(group.blocked[exclusivity], member, !isFree && this.#hasRoomFor(member, exclusivity));
      }
    }
  }

  #isFree(member: Member, exclusivity: Exclusivity): boolean {
    return this.#hosts.get(member.session.hostId)?.closed === null && this.#hasRoomFor(member, exclusivity);
  }

  /** Free but for a refusal of the store. */
  #hasRoomFor({ ready, session }: Member, exclusivity: Exclusivity): boolean {
    const host = this.#hosts.get(session.hostId);
    if (!ready || host === undefined || host.closed === 'acquiring' || host.exclusive > 0) return false;
    return exclusivity === 'exclusive' ? host.shared === 0 : host.shared < this.#sharedPerHost;
  }

  #matchesGroup({ requirement, requirementDigest }: Need, digest: string, { device }: ProfileGroup): boolean {
    const key = `${requirementDigest} ${digest}`;
    const known = this.#matches.get(key);
    if (known !== undefined) return known;
    if (this.#matches.size >= MAX_MATCHES) this.#matches.clear();
    const matches = refusals(requirement, device.profile).length === 0;
    this.#matches.set(key, matches);
    return matches;
  }
}

function noMembers(): Record<Exclusivity, Set<Member>> {
  return { exclusive: new Set(), shared: new Set() };
}

function put(members: Set<Member>, member: Member, isIn: boolean): void {
  if (isIn) members.add(member);
  else members.delete(member);
}
