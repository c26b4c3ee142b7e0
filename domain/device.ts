import { z } from 'zod';
import { digestOf, type Sha256 } from './json.ts';
import { deviceClassSchema, deviceNameSchema, epNameSchema, idSchema, nameSchema, sha256Schema } from './names.ts';

const text = z.string().max(300);

/** One execution provider a device offers. */
export const epInfoSchema = z.strictObject({
  name: epNameSchema,
  version: text,
  /** SHA-256 of the library that implements it; null when it is compiled into ONNX Runtime (then `ortLibraryDigest` counts). */
  libraryDigest: sha256Schema.nullable(),
});
export type EpInfo = z.infer<typeof epInfoSchema>;

/**
 * What only an operator changes about a device. Equal machines have equal profiles (and digests): serial numbers, bus addresses and host ids are left
 * out on purpose. Momentary facts belong to {@link DeviceState}.
 */
export const deviceProfileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  class: deviceClassSchema,
  /** Not silicon: SwiftShader, llvmpipe, WARP, QNN on x86. Never ranked with real devices. */
  emulated: z.boolean(),
  pciVendorId: z
    .string()
    .regex(/^[0-9a-f]{4}$/)
    .nullable(),
  pciDeviceId: z
    .string()
    .regex(/^[0-9a-f]{4}$/)
    .nullable(),
  revision: text.nullable(),
  /** Marketing model of the device, the matrix's column: `AMD Ryzen AI 9 HX 370 NPU`. */
  model: text.min(1),
  driver: text.nullable(),
  firmware: text.nullable(),
  memoryBytes: z.int().min(0).nullable(),
  os: text.min(1),
  arch: text.min(1),
  /** Machine model as its vendor calls it, or null with the reason in `unknown`. */
  sku: text.nullable(),
  virtualMachine: z.boolean().nullable(),
  ortVersion: text.min(1),
  ortLibraryDigest: sha256Schema,
  eps: z.array(epInfoSchema).max(32),
  toolchains: z.array(nameSchema).max(32),
  capabilities: z.array(nameSchema).max(64),
  labels: z.record(nameSchema, text),
  /** Why a field above is null: field -> `no-permission`, `not-present`, `vm`, ... */
  unknown: z.record(z.string().max(60), text),
});
export type DeviceProfile = z.infer<typeof deviceProfileSchema>;

/** Something the probe looked for and did not find, with the reason, so that a person can fix it. */
export const missingSchema = z.strictObject({ what: text.min(1), why: text.min(1), fix: text.exactOptional() });
export type Missing = z.infer<typeof missingSchema>;

const share = z.number().min(0).max(1);

/** What processes that are not the agent's took of all processors since the state before: 1 is every core. */
const foreignLoadSchema = z.strictObject({
  cpuShare: share,
  /** The largest of them, by name only: command lines hold secrets. */
  processes: z.array(z.strictObject({ name: text, cpuShare: share })).max(5),
});

/**
 * Load, heat, power: serves gates and the report's condition, never matching. null = not known here, with the reason in `unknown`. What may be absent,
 * older agents do not send.
 */
export const deviceStateSchema = z.strictObject({
  /** Hottest sensor of the device. */
  temperatureC: z.number().nullable(),
  utilization: share.nullable(),
  /** Of the memory the device computes in: its own where its driver tells of it, else the machine's. */
  freeMemoryBytes: z.number().min(0).nullable(),
  /** Of the machine, for a device that has memory of its own. */
  hostFreeMemoryBytes: z.number().min(0).nullable().exactOptional(),
  powerSource: z.enum(['ac', 'battery', 'unknown']),
  /** Platform profile, power mode or governor in force; `unknown` when it cannot be read. */
  powerMode: text,
  /** Frequency governor with its energy preference: `powersave, balance_performance`. */
  governor: text.nullable().exactOptional(),
  /** Of the fastest core, or of the accelerator. */
  clockMHz: z
    .strictObject({ current: z.number().min(0), max: z.number().min(0).nullable() })
    .nullable()
    .exactOptional(),
  /** Times the device slowed down for its heat since it started: only differences mean anything. */
  throttleCount: z.int().min(0).nullable().exactOptional(),
  /** Why the device runs slower than it could right now, in its driver's words; empty when it does not. */
  throttleReasons: z.array(text).max(16).nullable().exactOptional(),
  /** Share of the last ten seconds in which some task waited for processors, memory, disks. */
  pressure: z.strictObject({ cpu: share, memory: share, io: share }).nullable().exactOptional(),
  foreign: foreignLoadSchema.nullable().exactOptional(),
  /** Share of the processors that the hypervisor gave to others since the state before. */
  stealShare: share.nullable().exactOptional(),
  virtualMachine: z.boolean().nullable().exactOptional(),
  /** Why a field above is null: field -> `no-permission`, `not-present`, `vm`, ... */
  unknown: z.record(z.string().max(60), text).exactOptional(),
});
export type DeviceState = z.infer<typeof deviceStateSchema>;

export const deviceSchema = z.strictObject({ name: deviceNameSchema, profile: deviceProfileSchema });
export type Device = z.infer<typeof deviceSchema>;

/** The exclusivity domain: one machine, whatever the number of agents on it. */
export const hostInfoSchema = z.strictObject({
  hostId: idSchema,
  hostName: nameSchema,
  osBuild: text,
  bios: text.nullable(),
  cpuCount: z.int().min(1),
  memoryBytes: z.int().min(0),
  freeDiskBytes: z.number().min(0),
});
export type HostInfo = z.infer<typeof hostInfoSchema>;

export function profileDigest(profile: DeviceProfile, sha256: Sha256): string {
  return digestOf(
    {
      ...profile,
      eps: sortByName(profile.eps),
      toolchains: [...profile.toolchains].sort(),
      capabilities: [...profile.capabilities].sort(),
    },
    sha256,
  );
}

/**
 * Digest of what must be equal for two numbers of one device to be compared silently: driver, firmware, EP and ONNX Runtime libraries, OS build, BIOS.
 */
export function environmentId(profile: DeviceProfile, host: Pick<HostInfo, 'osBuild' | 'bios'>, sha256: Sha256): string {
  const { driver, firmware, ortVersion, ortLibraryDigest } = profile;
  return digestOf(
    { driver, firmware, ortVersion, ortLibraryDigest, eps: sortByName(profile.eps), osBuild: host.osBuild, bios: host.bios },
    sha256,
  );
}

function sortByName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
