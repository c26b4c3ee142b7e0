import type { Device } from '../../domain/device.ts';
import type { Coverage } from '../../domain/job.ts';
import { canonicalJson } from '../../domain/json.ts';
import { matchesUnit, type Requirement, refusals } from '../../domain/requirement.ts';
import type { AgentRecord } from '../store/task-store.ts';
import { perFleet } from './per-fleet.ts';

/** One benchmark a recipe gets: where it must run, and which devices could take it now. */
export interface Placement {
  readonly requirement: Requirement;
  /** Null when any matching model will do. */
  readonly deviceModel: string | null;
  readonly deviceNames: readonly string[];
}

/** Why a device cannot take it. */
export interface RefusedDevice {
  readonly deviceName: string;
  readonly lines: readonly string[];
}

export interface Placements {
  /** Empty when no known device can serve. */
  readonly placements: readonly Placement[];
  /** Why there are none: every device with its reasons. Empty when there are placements. */
  readonly refused: readonly RefusedDevice[];
}

/** A device with the digest of its profile: equal machines are judged once. */
export interface KnownDevice extends Device {
  readonly profileDigest: string | undefined;
}

/** Every device of the farm that an agent has ever reported, connected or not, by name. */
export function knownDevices(agents: readonly AgentRecord[]): readonly KnownDevice[] {
  const isSame = latest.sources.length === agents.length && agents.every(({ devices }, index) => latest.sources[index] === devices);
  if (isSame) return latest.known;
  const known = agents.flatMap(devicesOf).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  latest = { sources: agents.map(({ devices }) => devices), known };
  return known;
}

/** The fleet asked about last. Devices change with a hello only, and every submit looks at those of the whole fleet. */
let latest: { readonly sources: readonly AgentRecord['devices'][]; readonly known: readonly KnownDevice[] } = { sources: [], known: [] };

function devicesOf({ devices, profileDigests }: AgentRecord): readonly KnownDevice[] {
  return devices.map((device) => ({ ...device, profileDigest: profileDigests[device.name] }));
}

/** Turns one requirement and a coverage into one placement per device model, per device, per named unit, or one for any device. */
export function placeOn(devices: readonly KnownDevice[], base: Requirement, coverage: Coverage): Placements {
  const matching = matchingOf(devices, base);
  if (typeof coverage === 'object') return placeOnUnits(devices, base, coverage.units);
  if (matching.length === 0) return { placements: [], refused: devices.map((device) => refusedDevice(base, device)) };
  return { placements: placementsFor(coverage, base, matching), refused: [] };
}

const matchingDevices = perFleet<readonly KnownDevice[]>();

function matchingOf(devices: readonly KnownDevice[], base: Requirement): readonly KnownDevice[] {
  return matchingDevices(devices, canonicalJson(base), () => judgeAll(devices, base));
}

/** Judges each profile once, however many machines share it. */
function judgeAll(devices: readonly KnownDevice[], base: Requirement): readonly KnownDevice[] {
  const answers = new Map<string, boolean>();
  return devices.filter(({ profile, profileDigest }) => {
    const known = profileDigest === undefined ? undefined : answers.get(profileDigest);
    const matches = known ?? refusals(base, profile).length === 0;
    if (profileDigest !== undefined) answers.set(profileDigest, matches);
    return matches;
  });
}

function placementsFor(coverage: Exclude<Coverage, object>, base: Requirement, matching: readonly Device[]): readonly Placement[] {
  switch (coverage) {
    case 'each-device':
      return matching.map((device) => placeOnUnit(base, device));
    case 'each-device-model':
      return placeOnModels(matching, base);
    case 'any':
      return [placeAnywhere(base, matching)];
  }
}

function placeAnywhere(base: Requirement, matching: readonly Device[]): Placement {
  return { requirement: base, deviceModel: base.deviceModel ?? null, deviceNames: namesOf(matching) };
}

/** Lists of devices live as long as the fleet they belong to. */
const names = new WeakMap<readonly Device[], readonly string[]>();

function namesOf(devices: readonly Device[]): readonly string[] {
  const known = names.get(devices) ?? devices.map(({ name }) => name);
  names.set(devices, known);
  return known;
}

/** The placements of a job that waits for devices nobody has yet: each named unit, else anywhere. */
export function placeLater(base: Requirement, coverage: Coverage): readonly Placement[] {
  if (typeof coverage !== 'object') return [placeAnywhere(base, [])];
  return coverage.units.map((unit) => ({ requirement: { ...base, unit }, deviceModel: null, deviceNames: [] }));
}

function placeOnModels(matching: readonly Device[], base: Requirement): readonly Placement[] {
  const models = [...new Set(matching.map(({ profile }) => profile.model))].sort();
  return models.map((deviceModel) => {
    const units = matching.filter(({ profile }) => profile.model === deviceModel);
    return placeAnywhere({ ...base, deviceModel }, units);
  });
}

/** A named unit that is missing or unfit leaves the whole selector unsatisfied: the submitter meant that machine. */
function placeOnUnits(devices: readonly Device[], base: Requirement, units: readonly string[]): Placements {
  const wanted = [...new Set(units)];
  const refused = wanted.flatMap((unit): readonly RefusedDevice[] => {
    const device = devices.find(({ name }) => name === unit);
    if (device === undefined) return [{ deviceName: unit, lines: ['no agent has reported a device of this name'] }];
    return refusals(base, device.profile).length === 0 ? [] : [refusedDevice(base, device)];
  });
  if (refused.length > 0) return { placements: [], refused };
  const placements = wanted.flatMap((unit) => devices.filter(({ name }) => name === unit).map((device) => placeOnUnit(base, device)));
  return { placements, refused: [] };
}

function placeOnUnit(base: Requirement, device: Device): Placement {
  return { requirement: { ...base, unit: device.name }, deviceModel: device.profile.model, deviceNames: [device.name] };
}

function refusedDevice(requirement: Requirement, device: Device): RefusedDevice {
  const lines = refusals(requirement, device.profile).map(({ line }) => line);
  return { deviceName: device.name, lines: matchesUnit(requirement, device.name) ? lines : [...lines, `is not ${requirement.unit}`] };
}
