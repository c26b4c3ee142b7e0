import { statfs } from 'node:fs/promises';
import { availableParallelism, cpus, type as osType, release, version } from 'node:os';
import type { Device, DeviceProfile, HostInfo, Missing } from '../../domain/device.ts';
import { CPU_EP } from '../../domain/names.ts';
import { readMachineIdentity } from '../../platform/machine-id.ts';
import type { AgentConfig } from '../config.ts';
import { EpPackages } from '../eps/package-store.ts';
import { Toolchains } from '../toolchains/toolchain-store.ts';
import { type CpuFacts, probeCpu } from './cpu.ts';
import { type EpOffer, offersOf, type TryProvider } from './ep-devices.ts';
import { obstacleOf } from './execution-providers.ts';
import { findHardware, missingHardware } from './hardware/find-hardware.ts';
import type { Sighting } from './hardware/sighting.ts';
import { parseWindowsHardware, type WindowsHardware } from './hardware/windows-hardware.ts';
import { type Machine, thisMachine } from './machine.ts';
import { offeredDevices } from './offered-devices.ts';
import { type OrtFacts, probeOrt } from './ort.ts';
import { softwareAdapter } from './software-adapter.ts';

/** Lines a hello message may hold. */
const MAX_MISSING = 64;

/** What an agent says of its machine in hello. */
export interface Probe {
  readonly host: HostInfo;
  readonly devices: readonly Device[];
  readonly missing: readonly Missing[];
}

type ProbeConfig = Pick<AgentConfig, 'hostId' | 'hostName' | 'dataFolder' | 'labels' | 'capabilities' | 'runtime' | 'eps' | 'childEnv'>;

/** What a probe gets from outside; each has a real default but for the trial, without which nothing is tried. */
export interface ProbePorts {
  readonly machine?: Machine;
  /** Prefix of the machine id's file, for tests. */
  readonly root?: string;
  readonly ort?: OrtFacts;
  readonly tryProvider: TryProvider;
}

/**
 * Looks at the machine and tells only what is certain: a provider is offered once it has run a model here; everything looked for and not found is
 * listed with the reason.
 */
export async function probeMachine(
  config: ProbeConfig,
  { machine = thisMachine(), root = '/', ort, tryProvider }: ProbePorts,
): Promise<Probe> {
  const runtime = ort ?? (await probeOrt());
  const windows = machine.platform === 'win32' ? parseWindowsHardware(await machine.query('windows-devices')) : undefined;
  const [cpu, os, sightings] = await Promise.all([probeCpu(machine, windows), operatingSystem(machine), findHardware(machine, windows)]);
  const eps = await probeOffers(config, { ort: runtime, machine, sightings, windows, tryProvider });
  const onCpu = eps.offers.filter((offer) => offer.class === 'cpu').map(({ ep }) => ep);
  const profile: DeviceProfile = {
    ...cpuProfile(cpu, { ort: runtime, arch: machine.arch }),
    os: os.name,
    eps: [{ name: CPU_EP, version: runtime.version, libraryDigest: null }, ...onCpu],
    toolchains: await toolchainsOf(config.dataFolder),
    capabilities: [...config.capabilities],
    labels: { ...config.labels },
  };
  const others = offeredDevices(eps.offers, { host: profile, hostName: config.hostName, sightings });
  const hardware = missingHardware(sightings, {
    isDevice: (sighting) => others.some(({ profile: own }) => isAbout(sighting, own)),
    platform: machine.platform,
    isAnswered: machine.platform !== 'win32' || windows !== undefined,
  });
  return {
    host: {
      hostId: config.hostId ?? (await readMachineIdentity(root)).hostId,
      hostName: config.hostName,
      osBuild: os.build,
      bios: cpu.bios,
      cpuCount: Math.max(1, cpus().length || availableParallelism()),
      memoryBytes: cpu.memoryBytes,
      freeDiskBytes: await freeDiskBytes(config.dataFolder),
    },
    devices: [{ name: `${config.hostName}/cpu0`, profile }, ...others],
    missing: [...hardware, ...eps.missing].slice(0, MAX_MISSING),
  };
}

/** Ids, and the plain names that selectors ask for. */
async function toolchainsOf(dataFolder: string): Promise<string[]> {
  const installed = await new Toolchains(dataFolder).list();
  return [...new Set(installed.flatMap(({ id, name }) => [name, id]))].sort();
}

interface OfferPlace {
  readonly ort: OrtFacts;
  readonly machine: Machine;
  readonly sightings: readonly Sighting[];
  readonly windows: WindowsHardware | undefined;
  readonly tryProvider: TryProvider;
}

async function probeOffers(
  config: ProbeConfig,
  { ort, machine, sightings, windows, tryProvider }: OfferPlace,
): Promise<{ readonly offers: readonly EpOffer[]; readonly missing: readonly Missing[] }> {
  const facts = { ort, machine, sightings, windowsMl: windows?.windowsMl ?? [], env: config.childEnv };
  return offersOf({
    config,
    packages: await new EpPackages(config.dataFolder).list(),
    tryProvider,
    // Another build may have anything compiled in: only a trial tells.
    obstacle: async (ep) => (config.runtime.ort === null ? await obstacleOf(ep, facts) : undefined),
    softwareAdapter: softwareAdapter(machine.platform, { sightings, env: config.childEnv }),
    ortVersion: ort.version,
    arch: machine.arch,
  });
}

/** Whether a device is this hardware. */
function isAbout(sighting: Sighting, { class: deviceClass, emulated, pciVendorId, pciDeviceId }: DeviceProfile): boolean {
  return !emulated && sighting.class === deviceClass && sighting.vendorId === pciVendorId && sighting.deviceId === pciDeviceId;
}

function cpuProfile(
  cpu: CpuFacts,
  { ort, arch }: { readonly ort: OrtFacts; readonly arch: string },
): Omit<DeviceProfile, 'os' | 'eps' | 'toolchains' | 'capabilities' | 'labels'> {
  const { bios: _, ...unknown } = cpu.unknown;
  return {
    schemaVersion: 1,
    class: 'cpu',
    emulated: false,
    pciVendorId: null,
    pciDeviceId: null,
    revision: null,
    model: cpu.model,
    driver: null,
    firmware: cpu.microcode,
    memoryBytes: cpu.memoryBytes,
    arch,
    sku: cpu.sku,
    virtualMachine: cpu.virtualMachine,
    ortVersion: ort.version,
    ortLibraryDigest: ort.libraryDigest,
    unknown: { ...unknown, ...(cpu.microcode === null && { firmware: 'not-present' }) },
  };
}

/** Name for the profile, which equal machines share, and build for the environment id, which an update changes. */
async function operatingSystem({ platform, sysfs }: Machine): Promise<{ readonly name: string; readonly build: string }> {
  const pretty = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec((await sysfs.text('etc/os-release')) ?? '')?.[1];
  if (platform === 'linux') return { name: pretty ?? 'Linux', build: `${osType()} ${release()}`.slice(0, 300) };
  return { name: platform === 'win32' ? version() : osType(), build: `${version()} ${release()}`.slice(0, 300) };
}

async function freeDiskBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
