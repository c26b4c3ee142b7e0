import type { DeviceProfile } from '../device.ts';
import { deviceClassSchema, epNameSchema, nameSchema } from '../names.ts';

/** What a key of a selector reads from a profile. */
export interface Field {
  /** `word` has no order; `version` is compared part by part; `number` as a number. */
  readonly kind: 'word' | 'version' | 'number';
  /** Every profile has it, so that asking whether it exists means nothing. */
  readonly always: boolean;
  readonly example: string;
  /** Why no device can have this value. */
  problem(value: string, op: string): string | undefined;
  /** What the device has; empty when the field is unknown or absent. */
  values(profile: DeviceProfile): readonly string[];
}

type Read = Field['values'];

const list = (value: string | number | boolean | null): readonly string[] => (value === null ? [] : [String(value)]);

function word(read: Read, options: Partial<Field> = {}): Field {
  return { kind: 'word', always: false, example: 'VALUE', problem: () => undefined, values: read, ...options };
}

function version(read: Read, options: Partial<Field> = {}): Field {
  const problem = (value: string, op: string): string | undefined =>
    (op === '>=' || op === '<=') && !/\d/.test(value) ? `"${value}" is no version: it has no digit` : undefined;
  return { kind: 'version', always: false, example: '1.2', problem, values: read, ...options };
}

function choice(read: Read, choices: readonly string[]): Field {
  const problem = (value: string) => (choices.includes(value) ? undefined : `"${value}" is none of ${choices.join(', ')}`);
  return word(read, { always: true, example: choices[0] ?? '', problem });
}

const BOOLEANS = ['true', 'false'];

const FIELDS: Readonly<Record<string, Field>> = {
  class: choice((has) => [has.class], deviceClassSchema.options),
  model: word((has) => [has.model], { always: true }),
  driver: version((has) => list(has.driver)),
  firmware: version((has) => list(has.firmware)),
  os: version((has) => [has.os], { always: true }),
  arch: word((has) => [has.arch], { always: true }),
  sku: word((has) => list(has.sku)),
  memoryBytes: {
    kind: 'number',
    always: false,
    example: '16GiB',
    problem: (value) => (/^\d{1,15}$/.test(value) ? undefined : `"${value}" is no number of bytes, such as 17179869184 or 16GiB`),
    values: (has) => list(has.memoryBytes),
  },
  emulated: choice((has) => list(has.emulated), BOOLEANS),
  virtualMachine: { ...choice((has) => list(has.virtualMachine), BOOLEANS), always: false },
  pciVendorId: word((has) => list(has.pciVendorId)),
  pciDeviceId: word((has) => list(has.pciDeviceId)),
  ortVersion: version((has) => [has.ortVersion], { always: true }),
  toolchain: word((has) => has.toolchains),
  capability: word((has) => has.capabilities),
  ep: word((has) => has.eps.map(({ name }) => name), {
    problem: (value) => (epNameSchema.safeParse(value).success ? undefined : `"${value}" is no execution provider such as QNN`),
  }),
};

/** Other spellings of a key, for people. */
const ALIASES: Readonly<Record<string, string>> = {
  memory: 'memoryBytes',
  toolchains: 'toolchain',
  capabilities: 'capability',
  ort: 'ortVersion',
};

/** The field a canonical key names, or why it names none. */
export function fieldOf(key: string): Field | string {
  const plain = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
  if (plain !== undefined) return plain;
  const [, family, name = ''] = /^(label|ep)\.(.+)$/.exec(key) ?? [];
  if (family === 'label') return labelField(name);
  if (family === 'ep') return epField(name);
  return `"${key}" is no field of a device: ${KEYS_IN_WORDS}`;
}

function labelField(name: string): Field | string {
  if (!nameSchema.safeParse(name).success) return `"${name}" is no label name`;
  return version((has) => (Object.hasOwn(has.labels, name) ? list(has.labels[name] ?? null) : []));
}

function epField(name: string): Field | string {
  if (!epNameSchema.safeParse(name).success) return `"${name}" is no execution provider such as QNN`;
  return version((has) => has.eps.filter((ep) => ep.name === name).map((ep) => ep.version));
}

/** The canonical key a person means: a field, `ep.NAME` with the provider's full name, and any other name as a label. */
export function canonicalKey(written: string): string {
  const key = Object.hasOwn(ALIASES, written) ? (ALIASES[written] ?? written) : written;
  if (Object.hasOwn(FIELDS, key) || key.startsWith('label.')) return key;
  if (key.startsWith('ep.')) return `ep.${fullEpName(key.slice('ep.'.length))}`;
  return `label.${key}`;
}

/** The value a person means: `16GiB` in bytes, `QNN` as QNNExecutionProvider. */
export function canonicalValue(key: string, written: string): string {
  if (key === 'ep') return fullEpName(written);
  if (key === 'memoryBytes') return bytesOf(written);
  return written;
}

function fullEpName(name: string): string {
  return name.endsWith('ExecutionProvider') ? name : `${name}ExecutionProvider`;
}

function bytesOf(written: string): string {
  const [, number, unit, binary] = /^(\d{1,9}(?:\.\d{1,6})?) ?([kKMGT])(i?)B?$/.exec(written) ?? [];
  if (number === undefined || unit === undefined) return written;
  const power = 'KMGT'.indexOf(unit.toUpperCase()) + 1;
  return String(Math.round(Number(number) * (binary === 'i' ? 1024 : 1000) ** power));
}

/** For messages. */
export const KEYS_IN_WORDS = `${Object.keys(FIELDS).join(', ')}, ep.NAME (its version), or a label (label.NAME)`;
