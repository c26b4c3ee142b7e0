import type { EpInfo, Missing } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { EpDefinition, EpDeviceClass } from '../../engine/runtime/eps/ep-definition.ts';
import { EP_DEFINITIONS } from '../../engine/runtime/eps/registry.ts';
import type { ExecutionProvider } from '../../engine/runtime/execution-providers.ts';
import type { TrialRequest, TrialResult } from '../../engine/runtime/trial.ts';
import type { AgentConfig } from '../config.ts';
import { type MachineEp, machineEp } from '../eps/ep-machine.ts';
import type { EpPackage } from '../eps/ep-package.ts';
import { emulatorOf } from './emulator.ts';

/** Tries a provider in a process of its own. Throws what that process ends with. */
export type TryProvider = (request: TrialRequest) => Promise<TrialResult>;

/** A provider that ran the trial model on a device. */
export interface EpOffer {
  readonly ep: EpInfo;
  readonly class: EpDeviceClass;
  /** The name of what stands in for silicon; null on silicon, as far as can be told. */
  readonly emulator: string | null;
  readonly vendor: string;
  /** Four hexadecimal digits; null for hardware that is not told. */
  readonly pciVendorId: string | null;
  readonly pciDeviceId: string | null;
}

/** What is tried, and by which rules. */
export interface OfferFacts {
  readonly config: Pick<AgentConfig, 'runtime' | 'eps'>;
  readonly packages: readonly EpPackage[];
  readonly tryProvider: TryProvider;
  /** Why a provider without a package is not even tried; undefined: it may work. */
  obstacle(ep: ExecutionProvider): Promise<Omit<Missing, 'what'> | undefined>;
  /** What a software adapter stands for a GPU with; null when there is real hardware. */
  readonly softwareAdapter: string | null;
  readonly ortVersion: string;
  /** Of this machine, as Node names it. */
  readonly arch: string;
}

/** Every provider but the CPU's, tried on each kind of device it knows: what ran, and the reason of what did not. */
export async function offersOf(facts: OfferFacts): Promise<{ readonly offers: readonly EpOffer[]; readonly missing: readonly Missing[] }> {
  const offers: EpOffer[] = [];
  const missing: Missing[] = [];
  for (const definition of Object.values(EP_DEFINITIONS)) {
    if (definition.name === CPU_EP) continue;
    const found = await offersOfProvider(definition, facts);
    offers.push(...found.offers);
    missing.push(...found.missing);
  }
  return { offers, missing };
}

async function offersOfProvider(definition: EpDefinition, facts: OfferFacts): ReturnType<typeof offersOf> {
  const { name } = definition;
  const machine = machineEp(name, facts.config, facts.packages);
  const isNamed = machine.runtime.epPackage !== undefined || facts.config.eps[name]?.ort !== undefined;
  const wanted = facts.config.eps[name]?.package;
  if (wanted !== undefined && machine.runtime.epPackage === undefined)
    return {
      offers: [],
      missing: [{ what: name, why: `not-installed: the configuration names ${wanted}, which is not among \`grove ep list\`` }],
    };
  const obstacle = isNamed ? undefined : await facts.obstacle(name);
  if (obstacle !== undefined) return { offers: [], missing: [{ what: name, ...obstacle }] };
  return tryClasses(definition, machine, facts);
}

async function tryClasses(definition: EpDefinition, machine: MachineEp, facts: OfferFacts): ReturnType<typeof offersOf> {
  const offers: EpOffer[] = [];
  const missing: Missing[] = [];
  for (const deviceClass of definition.classes) {
    const outcome = await tryOne(definition, machine, { facts, deviceClass });
    if (typeof outcome === 'string') missing.push({ what: `${definition.name} (${deviceClass})`, why: shortened(outcome) });
    else offers.push(outcome);
  }
  return { offers, missing: oneReason(definition, missing) };
}

/** Where in its sources ONNX Runtime noticed it. */
const SOURCE_PLACE = /\S+\.(?:cc|h):\d+ .*?\[ONNXRuntimeError\] : \d+ : \w+ : /g;
const MAX_REASON_CHARS = 300;

/** Fit for a message: without ONNX Runtime's own source lines, and cut in the middle, because what a loader lacks stands at the end. */
function shortened(reason: string): string {
  const words = reason.replace(SOURCE_PLACE, '');
  if (words.length <= MAX_REASON_CHARS) return words;
  return `${words.slice(0, 110)} … ${words.slice(-(MAX_REASON_CHARS - 113))}`;
}

/** A provider that is wanting for one reason on every kind of device says so once. */
function oneReason({ name, classes }: EpDefinition, missing: readonly Missing[]): readonly Missing[] {
  const [first] = missing;
  const isOne = first !== undefined && missing.length === classes.length && missing.every(({ why }) => why === first.why);
  return isOne ? [{ what: name, why: first.why }] : missing;
}

/** What is tried of a provider on one kind of device, as this machine runs it. */
export function trialOf(ep: ExecutionProvider, { runtime, options }: MachineEp, deviceClass: EpDeviceClass): TrialRequest {
  // Devices are listed and chosen through the C API, whatever adapter measures.
  return { ep, deviceClass, runtime: { ...runtime, adapter: 'ort-native' }, epOptions: { ...options } };
}

interface Trial {
  readonly facts: OfferFacts;
  readonly deviceClass: EpDeviceClass;
}

/** The offer, or the reason why there is none. */
async function tryOne(definition: EpDefinition, machine: MachineEp, { facts, deviceClass }: Trial): Promise<EpOffer | string> {
  try {
    const result = await facts.tryProvider(trialOf(definition.name, machine, deviceClass));
    return result.why === null ? offer(definition, result, { machine, facts, deviceClass }) : `unsupported: ${result.why.trim()}`;
  } catch (error) {
    return `not-loaded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function offer(
  definition: EpDefinition,
  result: TrialResult,
  { machine, facts, deviceClass }: Trial & { readonly machine: MachineEp },
): EpOffer {
  const { epPackage } = machine.runtime;
  const device = result.devices.find((candidate) => candidate.class === deviceClass);
  return {
    ep: {
      name: definition.name,
      version: epPackage?.id.split('@')[1] ?? result.ortVersion,
      libraryDigest: epPackage?.libraryDigest ?? (result.ortVersion === facts.ortVersion ? null : result.ortLibraryDigest),
    },
    class: deviceClass,
    emulator: emulatorOf(definition, { ...facts, deviceClass }),
    vendor: device?.vendor ?? '',
    pciVendorId: pciId(device?.vendorId),
    pciDeviceId: pciId(device?.deviceId),
  };
}

function pciId(id: number | undefined): string | null {
  return id === undefined || id === 0 || id > 0xffff ? null : id.toString(16).padStart(4, '0');
}
