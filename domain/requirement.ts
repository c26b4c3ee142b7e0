import { z } from 'zod';
import type { DeviceProfile } from './device.ts';
import { digestOf, type Sha256 } from './json.ts';
import { deviceClassSchema, deviceNameSchema, epNameSchema, nameSchema, taskKindSchema } from './names.ts';
import { type Condition, canonicalSelector, selectorSchema } from './selector/condition.ts';
import { refuseCondition } from './selector/match.ts';

/**
 * What a task needs of a device. Equal requirements share one queue, so sets are sorted and the digest is over canonical JSON.
 */
export const requirementSchema = z.strictObject({
  kind: taskKindSchema,
  ep: epNameSchema,
  deviceClass: deviceClassSchema,
  /** Matches `profile.model` exactly. */
  deviceModel: z.string().max(300).exactOptional(),
  /** One device by its stable name. */
  unit: deviceNameSchema.exactOptional(),
  toolchains: z.array(nameSchema).max(8),
  capabilities: z.array(nameSchema).max(16),
  /** Labels a device must have with exactly this value. */
  labels: z.record(nameSchema, z.string().max(300)),
  /** Everything else the submitter asks of profile and labels; absent when nothing. */
  where: selectorSchema.exactOptional(),
  minMemoryBytes: z.int().min(0),
  ortVersion: z.string().max(60).exactOptional(),
  /** `exclusive`: the whole host must be quiet. `shared`: several at once. */
  exclusivity: z.enum(['exclusive', 'shared']),
});
export type Requirement = z.infer<typeof requirementSchema>;

/** The one form of equal requirements, to store and digest: sets sorted and deduplicated, the value of a label always under `labels`. */
export function normalizeRequirement({ where = [], ...requirement }: Requirement): Requirement {
  const { labels, rest } = takeLabels(requirement.labels, canonicalSelector(where));
  const sets = { toolchains: sortedSet(requirement.toolchains), capabilities: sortedSet(requirement.capabilities) };
  return { ...requirement, ...sets, labels, ...(rest.length > 0 && { where: rest }) };
}

/** Conditions that ask for one value of a label move to the labels; a second value of the same label stays, and no device can have it. */
function takeLabels(given: Requirement['labels'], where: readonly Condition[]): { labels: Requirement['labels']; rest: Condition[] } {
  const labels = new Map(Object.entries(given));
  const rest = where.filter(({ key, op, values: [value = ''] }) => {
    const name = op === '=' && key.startsWith('label.') ? key.slice('label.'.length) : undefined;
    if (name === undefined || (labels.get(name) ?? value) !== value) return true;
    labels.set(name, value);
    return false;
  });
  return { labels: Object.fromEntries(labels), rest };
}

export function requirementDigest(requirement: Requirement, sha256: Sha256): string {
  return digestOf(normalizeRequirement(requirement), sha256);
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** A checker's refusal, in one line for a person. */
export interface Refusal {
  readonly checker: string;
  readonly line: string;
}

/** One line per refusal; undefined or none when it does not refuse. */
type Checker = (requirement: Requirement, profile: DeviceProfile) => string | undefined | readonly string[];

/**
 * Feasibility only: each checker refuses with its reason or says nothing; preferences never mix in. `unit` is not here, because the result is cached
 * per (requirement, profile) and equal machines share a profile: see {@link matchesUnit}.
 */
const CHECKERS: Readonly<Record<string, Checker>> = {
  class: (need, has) => (need.deviceClass === has.class ? undefined : `is a ${has.class}, not a ${need.deviceClass}`),
  model: (need, has) =>
    need.deviceModel === undefined || need.deviceModel === has.model ? undefined : `is "${has.model}", not "${need.deviceModel}"`,
  ep: (need, has) =>
    has.eps.some((ep) => ep.name === need.ep)
      ? undefined
      : `does not offer ${need.ep} (offers ${has.eps.map((ep) => ep.name).join(', ') || 'none'})`,
  ortVersion: (need, has) =>
    need.ortVersion === undefined || need.ortVersion === has.ortVersion
      ? undefined
      : `runs ONNX Runtime ${has.ortVersion}, not ${need.ortVersion}`,
  toolchains: (need, has) => missingOf('toolchain', need.toolchains, has.toolchains),
  capabilities: (need, has) => missingOf('capability', need.capabilities, has.capabilities),
  labels: (need, has) =>
    Object.entries(need.labels)
      .filter(([key, value]) => has.labels[key] !== value)
      .map(([key, value]) => `has label ${key}=${has.labels[key] ?? '(none)'}, not ${value}`),
  where: (need, has) => (need.where ?? []).flatMap((condition) => refuseCondition(condition, has) ?? []),
  memory: (need, has) =>
    has.memoryBytes === null || has.memoryBytes >= need.minMemoryBytes
      ? undefined
      : `has ${has.memoryBytes} bytes of memory; ${need.minMemoryBytes} are needed`,
};

function missingOf(what: string, needed: readonly string[], present: readonly string[]): string | undefined {
  const missing = needed.filter((item) => !present.includes(item));
  return missing.length === 0 ? undefined : `lacks ${what} ${missing.join(', ')}`;
}

/** Every reason why a profile cannot serve a requirement; empty when it can. */
export function refusals(requirement: Requirement, profile: DeviceProfile): readonly Refusal[] {
  return Object.entries(CHECKERS).flatMap(([checker, check]) => {
    const refused = check(requirement, profile) ?? [];
    return (typeof refused === 'string' ? [refused] : refused).map((line) => ({ checker, line }));
  });
}

/** Whether a requirement that names one device means this one. */
export function matchesUnit(requirement: Requirement, deviceName: string): boolean {
  return requirement.unit === undefined || requirement.unit === deviceName;
}
