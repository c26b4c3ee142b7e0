import { z } from 'zod';
import type { DeviceProfile } from './device.ts';
import { digestOf, type Sha256 } from './json.ts';
import { deviceClassSchema, deviceNameSchema, epNameSchema, nameSchema, taskKindSchema } from './names.ts';

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
  labels: z.record(nameSchema, z.string().max(300)),
  minMemoryBytes: z.int().min(0),
  ortVersion: z.string().max(60).exactOptional(),
  /** `exclusive`: the whole host must be quiet. `shared`: several at once. */
  exclusivity: z.enum(['exclusive', 'shared']),
});
export type Requirement = z.infer<typeof requirementSchema>;

/** The same requirement with its sets sorted and deduplicated: the form to store and digest. */
export function normalizeRequirement(requirement: Requirement): Requirement {
  return { ...requirement, toolchains: sortedSet(requirement.toolchains), capabilities: sortedSet(requirement.capabilities) };
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

type Checker = (requirement: Requirement, profile: DeviceProfile) => string | undefined;

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
  labels: (need, has) => {
    const wrong = Object.entries(need.labels).find(([key, value]) => has.labels[key] !== value);
    return wrong === undefined ? undefined : `has label ${wrong[0]}=${has.labels[wrong[0]] ?? '(none)'}, not ${wrong[1]}`;
  },
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
    const line = check(requirement, profile);
    return line === undefined ? [] : [{ checker, line }];
  });
}

/** Whether a requirement that names one device means this one. */
export function matchesUnit(requirement: Requirement, deviceName: string): boolean {
  return requirement.unit === undefined || requirement.unit === deviceName;
}
