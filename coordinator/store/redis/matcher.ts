import type { Device } from '../../../domain/device.ts';
import { matchesUnit, type Requirement, refusals } from '../../../domain/requirement.ts';
import type { AgentRecord } from '../task-store.ts';
import { listOf, numberOf, type Reply, type StoreFunctions, textOf } from './functions.ts';

/** Devices with their profiles' digests. */
export type Judged = Pick<AgentRecord, 'devices' | 'profileDigests'>;

/** What one device has not been judged for, as `queries.unjudged` lists it. */
interface Question {
  readonly name: string;
  readonly profile: string;
  readonly from: number;
  readonly to: number;
  readonly open: readonly Route[];
  readonly own: readonly Route[];
}

interface Route {
  readonly route: string;
  readonly requirement: Requirement;
}

/** Judges with `domain/requirement.ts` what the functions do not know yet about these agents, and tells them. */
export async function judge(functions: StoreFunctions, agents: readonly Judged[]): Promise<void> {
  const devices = new Map<string, Device>();
  const asked = agents.flatMap((agent) =>
    agent.devices.flatMap((device) => {
      const profile = agent.profileDigests[device.name];
      devices.set(device.name, device);
      return profile === undefined ? [] : [{ name: device.name, profile }];
    }),
  );
  const questions = listOf(await functions.ask('unjudged', { devices: asked })).map(questionOf);
  await functions.run({
    name: 'learn',
    call: {
      profiles: questions.map(({ name, profile, from, to, open }) => ({ profile, from, to, routes: servable(devices.get(name), open) })),
      devices: questions.map(({ name, profile, own }) => ({ name, profile, fits: fitsOf(devices.get(name), own) })),
    },
  });
}

function questionOf(reply: Reply): Question {
  const [name, profile, from, to, open, own] = listOf(reply);
  return { name: textOf(name), profile: textOf(profile), from: numberOf(from), to: numberOf(to), open: routesOf(open), own: routesOf(own) };
}

function routesOf(reply: Reply | undefined): readonly Route[] {
  const parts = listOf(reply);
  return parts.flatMap((route, index) =>
    index % 2 === 0 ? [{ route: textOf(route), requirement: JSON.parse(textOf(parts[index + 1])) }] : [],
  );
}

function servable(device: Device | undefined, routes: readonly Route[]): readonly string[] {
  return routes.filter(({ requirement }) => serves(device, requirement)).map(({ route }) => route);
}

function fitsOf(device: Device | undefined, routes: readonly Route[]): Readonly<Record<string, boolean>> {
  return Object.fromEntries(routes.map(({ route, requirement }) => [route, serves(device, requirement)]));
}

function serves(device: Device | undefined, requirement: Requirement): boolean {
  return device !== undefined && matchesUnit(requirement, device.name) && refusals(requirement, device.profile).length === 0;
}
