import type { Device } from '../../../domain/device.ts';
import { matchesUnit, type Requirement, refusals } from '../../../domain/requirement.ts';
import type { AgentRecord } from '../task-store.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Routing, State } from './state.ts';

/** Remembered match answers per profile; at the limit all of a profile's are forgotten and asked again. */
const MAX_MATCHES_PER_PROFILE = 20_000;

/** The queue of a requirement, created and made findable when it is the first pending task's. */
export function openQueue(state: State, requirementDigest: string, requirement: Requirement): Queue {
  const existing = state.queues.get(requirementDigest);
  if (existing !== undefined) return existing;
  const queue = createQueue(requirementDigest, requirement);
  state.queues.set(requirementDigest, queue);
  routesFor(state.routing, requirement).add(queue);
  return queue;
}

/** Forgets a queue that has become empty, with its fair-share clock: an idle queue owes nobody anything. */
export function closeQueueIfEmpty(state: State, queue: Queue): void {
  if (queue.pending.size > 0) return;
  state.queues.delete(queue.requirementDigest);
  const { unit } = queue.requirement;
  const routes = routesFor(state.routing, queue.requirement);
  routes.delete(queue);
  if (unit !== undefined && routes.size === 0) state.routing.byUnit.delete(unit);
}

function routesFor(routing: Routing, { unit }: Requirement): Set<Queue> {
  if (unit === undefined) return routing.open;
  const existing = routing.byUnit.get(unit);
  if (existing !== undefined) return existing;
  const created = new Set<Queue>();
  routing.byUnit.set(unit, created);
  return created;
}

/** A queue that an agent can serve and the first of its devices that can. */
export interface Route {
  readonly queue: Queue;
  readonly deviceName: string;
}

/** Queues with pending tasks that an agent's devices match, each once. */
export function routesOf(state: State, agent: AgentRecord): readonly Route[] {
  const seen = new Map<Queue, Route>();
  for (const device of agent.devices) {
    const serves = judgeOf(state, agent, device);
    for (const queues of [state.routing.byUnit.get(device.name) ?? [], state.routing.open]) {
      for (const queue of queues) if (!seen.has(queue) && serves(queue)) seen.set(queue, { queue, deviceName: device.name });
    }
  }
  return [...seen.values()];
}

/** The first device of an agent that serves a requirement. */
export function servingDevice(state: State, agent: AgentRecord, need: Need): string | undefined {
  return agent.devices.find((device) => judgeOf(state, agent, device)(need))?.name;
}

type Need = Pick<Queue, 'requirement' | 'requirementDigest'>;

/** Whether a device serves a requirement. An acquire asks for every queue, so that what is the same for all is looked up once. */
function judgeOf(state: State, agent: AgentRecord, { name, profile }: Device): (need: Need) => boolean {
  const profileDigest = agent.profileDigests[name];
  if (profileDigest === undefined) return () => false;
  const answers = answersFor(state.routing, profileDigest);
  return ({ requirement, requirementDigest }) => {
    if (!matchesUnit(requirement, name)) return false;
    const known = answers.get(requirementDigest);
    if (known !== undefined) return known;
    const matches = refusals(requirement, profile).length === 0;
    answers.set(requirementDigest, matches);
    return matches;
  };
}

function answersFor({ matches }: Routing, profileDigest: string): Map<string, boolean> {
  const existing = matches.get(profileDigest);
  if (existing !== undefined && existing.size < MAX_MATCHES_PER_PROFILE) return existing;
  const created = new Map<string, boolean>();
  matches.set(profileDigest, created);
  return created;
}
