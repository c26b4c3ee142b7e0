import type { Device } from '../../domain/device.ts';
import type { HostId } from '../../domain/names.ts';
import { matchesUnit, type Requirement } from '../../domain/requirement.ts';
import type { AgentRecord } from '../store/task-store.ts';

export interface Judged extends Device {
  readonly profileDigest: string;
}

export interface Host {
  readonly hostId: HostId;
  /** Of all its agents, as of the last look. */
  leases: AgentRecord['leases'];
  /** Device name -> model. */
  readonly models: ReadonlyMap<string, string>;
}

/** A host with the device of it that would take the task. */
export interface Candidate {
  readonly host: Host;
  readonly device: Judged;
}

/** Hosts that are there and could take a task, each once. */
export interface Candidates {
  readonly list: readonly Candidate[];
  readonly hosts: ReadonlySet<Host>;
  /** One device of each profile that fits: equal ones stand for each other. */
  readonly devices: readonly Judged[];
}

/** Requirements whose candidates are remembered; at the limit all are forgotten. */
const MAX_ANSWERS = 1_000;

type Matches = (requirement: Requirement, requirementDigest: string, device: Judged) => boolean;

/** The fleet by host and by device profile: equal machines are judged once. */
export class HostIndex {
  readonly #matches: Matches;
  /** Of agents that take work now. */
  readonly #groups = new Map<string, { readonly device: Judged; readonly members: Map<HostId, Candidate> }>();
  readonly #units = new Map<string, Candidate>();
  readonly #models = new Map<string, string>();
  readonly #answers = new Map<string, Candidates>();
  readonly #hosts = new Map<HostId, Host>();
  #agents: readonly AgentRecord[];

  private constructor(agents: readonly AgentRecord[], matches: Matches) {
    this.#matches = matches;
    this.#agents = agents;
    for (const members of byHost(agents).values()) this.#addHost(members);
  }

  /**
   * The index of a fleet. Between two looks of one coordinator little but leases and heartbeats changes: then it is the `earlier` one, brought up to
   * date, and everything worked out from it stays known.
   */
  static of(agents: readonly AgentRecord[], matches: Matches, earlier?: HostIndex): HostIndex {
    return earlier?.follow(agents) ? earlier : new HostIndex(agents, matches);
  }

  /** False, and nothing changed, when the fleet offers something else than before. */
  follow(agents: readonly AgentRecord[]): boolean {
    const before = this.#agents;
    if (agents.length !== before.length || !agents.every((agent, index) => offersAsBefore(agent, before[index]))) return false;
    const moved = agents.filter(({ leases }, index) => leases !== before[index]?.leases);
    if (moved.length > 0 && this.#hosts.size < agents.length) this.#setLeases(agents);
    else this.#setLeases(moved);
    this.#agents = agents;
    return true;
  }

  /** @param agents with all others of their hosts. */
  #setLeases(agents: readonly AgentRecord[]): void {
    const fresh = new Set<Host>();
    for (const {
      host: { hostId },
      leases,
    } of agents) {
      const host = this.#hosts.get(hostId);
      if (host === undefined) continue;
      host.leases = fresh.has(host) ? [...host.leases, ...leases] : leases;
      fresh.add(host);
    }
  }

  /** Model of any known device; its name for one that is not known. */
  modelOf(deviceName: string): string {
    return this.#models.get(deviceName) ?? deviceName;
  }

  /** Of all known devices. */
  models(): ReadonlySet<string> {
    return new Set(this.#models.values());
  }

  candidates(requirement: Requirement, requirementDigest: string): Candidates {
    const known = this.#answers.get(requirementDigest);
    if (known !== undefined) return known;
    const { list, devices } = this.#find(requirement, requirementDigest);
    const candidates = { list, devices, hosts: new Set(list.map(({ host }) => host)) };
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    this.#answers.set(requirementDigest, candidates);
    return candidates;
  }

  #addHost(agents: readonly AgentRecord[]): void {
    const [first, ...others] = agents;
    if (first === undefined) return;
    const { hostId } = first.host;
    const host: Host =
      others.length === 0
        ? { hostId, leases: first.leases, models: offerOf(first).models }
        : {
            hostId,
            leases: agents.flatMap(({ leases }) => leases),
            models: new Map(agents.flatMap((agent) => [...offerOf(agent).models])),
          };
    this.#hosts.set(hostId, host);
    for (const [name, model] of host.models) this.#models.set(name, model);
    for (const agent of agents) if (takesWork(agent)) this.#addAgent(host, agent);
  }

  #addAgent(host: Host, agent: AgentRecord): void {
    for (const device of offerOf(agent).judged) {
      const { profileDigest } = device;
      const candidate = { host, device };
      this.#units.set(device.name, candidate);
      const group = this.#groups.get(profileDigest) ?? { device: candidate.device, members: new Map() };
      this.#groups.set(profileDigest, group);
      if (!group.members.has(host.hostId)) group.members.set(host.hostId, candidate);
    }
  }

  #find(requirement: Requirement, requirementDigest: string): Pick<Candidates, 'list' | 'devices'> {
    const { unit } = requirement;
    if (unit !== undefined) {
      const named = this.#units.get(unit);
      const fits = named !== undefined && matchesUnit(requirement, unit) && this.#matches(requirement, requirementDigest, named.device);
      return fits ? { list: [named], devices: [named.device] } : { list: [], devices: [] };
    }
    const found = new Map<HostId, Candidate>();
    const devices: Judged[] = [];
    for (const { device, members } of this.#groups.values()) {
      if (!this.#matches(requirement, requirementDigest, device)) continue;
      devices.push(device);
      for (const [hostId, candidate] of members) if (!found.has(hostId)) found.set(hostId, candidate);
    }
    return { list: [...found.values()], devices };
  }
}

interface Offer {
  readonly judged: readonly Judged[];
  readonly models: ReadonlyMap<string, string>;
}

/** Devices change with a hello only, and every submit looks at those of the whole fleet. */
const offers = new WeakMap<AgentRecord['devices'], Offer>();

function offerOf({ devices, profileDigests }: AgentRecord): Offer {
  const known = offers.get(devices);
  if (known !== undefined) return known;
  const judged = devices.map((device) => ({ ...device, profileDigest: profileDigests[device.name] ?? device.name }));
  const offer = { judged, models: new Map(devices.map(({ name, profile }) => [name, profile.model])) };
  offers.set(devices, offer);
  return offer;
}

/** Whether the index of a fleet with one record is that of a fleet with the other, but for leases. */
function offersAsBefore(agent: AgentRecord, before: AgentRecord | undefined): boolean {
  if (agent === before) return true;
  if (agent.devices !== before?.devices || agent.profileDigests !== before.profileDigests) return false;
  return agent.host.hostId === before.host.hostId && takesWork(agent) === takesWork(before);
}

function takesWork({ connection, status, mark }: AgentRecord): boolean {
  return connection === 'connected' && status.state === 'ready' && mark === null;
}

function byHost(agents: readonly AgentRecord[]): ReadonlyMap<HostId, readonly AgentRecord[]> {
  const hosts = new Map<HostId, AgentRecord[]>();
  for (const agent of agents) {
    const members = hosts.get(agent.host.hostId);
    if (members === undefined) hosts.set(agent.host.hostId, [agent]);
    else members.push(agent);
  }
  return hosts;
}
